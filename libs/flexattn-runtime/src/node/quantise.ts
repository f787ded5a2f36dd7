import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toFloat32 } from '@flexattn/model-prep';
import type { TensorInfo } from '@flexattn/model-prep';
import { toIoError } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import { quantiseRows } from '../quantise/blocks.js';
import { aligned } from '../quantise/layout.js';
import type { QuantisedLayout, QuantisedWeight } from '../quantise/layout.js';
import { stopIfAborted } from './stop.js';

/** What quantising did to one tensor. */
export interface QuantisedTensor {
  name: string;
  bits: number;
  /** Norm of the change over the norm of the weights. */
  error: number;
}

/** Bytes of weights that are read at a time, 8 MiB: a few rows of the largest matrices, many of small ones. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * The bytes of a layout's file, in order, from the weights of a checkpoint, a few rows at a time.
 *
 * @param dir - of the checkpoint
 * @param tensors - of the checkpoint, by name
 * @param report - gets every tensor when it is done
 * @throws RuntimeError WEIGHTS_NOT_FINITE; FlexattnError of an unreadable file; INTERRUPTED
 */
export async function* quantisedBytes(
  dir: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  { weights }: QuantisedLayout,
  report: (tensor: QuantisedTensor) => void,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  const count = (part: Uint8Array): Uint8Array => {
    written += part.length;
    return part;
  };
  const padding = () => count(new Uint8Array(aligned(written) - written));
  for (const weight of weights) {
    const info = tensors.get(weight.name);
    if (info === undefined) throw new Error(`no tensor ${weight.name} in the checkpoint`);
    const [scales, zeroPoints]: [Uint8Array[], Uint8Array[]] = [[], []];
    let [squares, errorSquares] = [0, 0];
    yield padding();
    for await (const rows of readRows(dir, info, weight)) {
      stopIfAborted(signal);
      const quantised = quantiseRows(rows, weight.columns, weight.format);
      yield count(quantised.values);
      scales.push(new Uint8Array(quantised.scales.buffer));
      zeroPoints.push(quantised.zeroPoints);
      squares += quantised.squares;
      errorSquares += quantised.errorSquares;
    }
    if (!Number.isFinite(squares)) throw notFinite(info);
    for (const parts of weight.zeroPoints === undefined ? [scales] : [scales, zeroPoints]) {
      yield padding();
      for (const part of parts) yield count(part);
    }
    const error = squares === 0 ? 0 : Math.sqrt(errorSquares / squares);
    report({ name: weight.name, bits: weight.format.bits, error });
  }
}

/** A tensor's rows as 32-bit floats, some at a time. */
async function* readRows(
  dir: string,
  { file, dtype, byteOffset, byteLength }: TensorInfo,
  { rows, columns }: QuantisedWeight,
): AsyncGenerator<Float32Array> {
  const path = resolve(dir, file);
  const handle = await openFile(path);
  try {
    const rowBytes = byteLength / rows;
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    for (let row = 0; row < rows; row += perChunk) {
      const count = Math.min(perChunk, rows - row);
      const data = new Uint8Array(count * rowBytes);
      const { bytesRead } = await handle.read(data, 0, data.length, byteOffset + row * rowBytes);
      if (bytesRead < data.length) {
        const what = `expected ${data.length} bytes from ${byteOffset + row * rowBytes} on, got ${bytesRead}`;
        throw new RuntimeError('MODEL_DAMAGED', what, { file: path, hint: 'fetch the file again' });
      }
      yield toFloat32({ dtype, shape: [count, columns], data });
    }
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause: unknown) => {
    throw toIoError(cause, path);
  });
}

function notFinite({ name, file }: TensorInfo): RuntimeError {
  const what = 'expected finite weights, got infinity or NaN';
  return new RuntimeError('WEIGHTS_NOT_FINITE', what, {
    file,
    item: name,
    hint: 'the checkpoint is broken; train or fetch it again',
  });
}
