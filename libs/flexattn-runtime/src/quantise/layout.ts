import type { TensorInfo } from '@flexattn/model-prep';
import type { ExternalData } from '../onnx/external-data.js';
import { EMBEDDINGS, LANGUAGE_HEAD } from '../tensor-names.js';
import { blocksPerRow, rowBytes } from './blocks.js';
import type { QuantiseFormat } from './blocks.js';
import { formatOf } from './precision.js';
import type { Quantisation } from './precision.js';

/** One quantised matrix [rows, columns] and where its parts lie. */
export interface QuantisedWeight {
  name: string;
  format: QuantiseFormat;
  rows: number;
  columns: number;
  values: ExternalData;
  scales: ExternalData;
  /** Absent where the format is symmetric. */
  zeroPoints?: ExternalData;
}

/** The file that holds a quantised model's weights, and what lies where in it. */
export interface QuantisedLayout {
  /** Relative to the compiled folder. */
  file: string;
  /** In the order of the file. */
  weights: QuantisedWeight[];
  /** What stays as it is (embeddings, norms, biases), where it lies in this file: behind `weights`, in this order. */
  kept: TensorInfo[];
  /** Of the whole file. */
  bytes: number;
}

/** Bytes: what a processor reads at once, so that every part begins as the kernels like it. */
const ALIGNMENT = 64;

/**
 * Lays out all weights of a model, so that its folder needs no other file: matrix by matrix, values, scales and zero
 * points of those that are stored in fewer bits; behind them the other tensors, byte for byte.
 */
export function layOutQuantised(
  tensors: ReadonlyMap<string, TensorInfo>,
  quantisation: Quantisation,
): QuantisedLayout {
  const file = `weights/${quantisation.precision}.bin`;
  let end = 0;
  const place = (length: number): ExternalData => {
    const offset = aligned(end);
    end = offset + length;
    return { location: file, offset, length };
  };
  const weights: QuantisedWeight[] = [];
  const rest: TensorInfo[] = [];
  for (const info of tensors.values()) {
    const { name, shape } = info;
    const format = formatOf(name, shape, quantisation);
    const [rows = 0, columns = 0] = shape;
    if (format === undefined) {
      rest.push(info);
      continue;
    }
    const bytes = rowBytes(columns, format);
    const values = place(rows * bytes.values);
    const scales = place(rows * blocksPerRow(columns, format) * Float32Array.BYTES_PER_ELEMENT);
    const zeroPoints = format.symmetric ? {} : { zeroPoints: place(rows * bytes.zeroPoints) };
    weights.push({ name, format, rows, columns, values, scales, ...zeroPoints });
  }
  const kept = rest.map((info) => ({ ...info, file, byteOffset: place(info.byteLength).offset }));
  return { file, weights, kept, bytes: end };
}

/**
 * The tensors that a quantised model is made of: where the language head is the embedding table (tied), a head of its
 * own beside it, because rows are looked up in floats and products are taken in fewer bits.
 */
export function withLanguageHead(
  tensors: ReadonlyMap<string, TensorInfo>,
  isTied: boolean,
): ReadonlyMap<string, TensorInfo> {
  const table = tensors.get(EMBEDDINGS);
  if (!isTied || table === undefined) return tensors;
  return new Map(tensors).set(LANGUAGE_HEAD, { ...table, name: LANGUAGE_HEAD });
}

/** The next offset at which a part may begin. */
export function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
