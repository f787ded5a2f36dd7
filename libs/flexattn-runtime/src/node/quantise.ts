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
  { weights, kept }: QuantisedLayout,
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
    const info = infoOf(tensors, weight.name);
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
  for (const { name } of kept) {
    yield padding();
    for await (const part of readBytes(dir, infoOf(tensors, name), CHUNK_BYTES)) {
      stopIfAborted(signal);
      yield count(part);
    }
  }
}

function infoOf(tensors: ReadonlyMap<string, TensorInfo>, name: string): TensorInfo {
  const info = tensors.get(name);
  if (info === undefined) throw new Error(`no tensor ${name} in the checkpoint`);
  return info;
}

/** A tensor's rows as 32-bit floats, some at a time. */
async function* readRows(
  dir: string,
  info: TensorInfo,
  { rows, columns }: QuantisedWeight,
): AsyncGenerator<Float32Array> {
  const rowBytes = info.byteLength / rows;
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  for await (const data of readBytes(dir, info, perChunk * rowBytes)) {
    yield toFloat32({ dtype: info.dtype, shape: [data.length / rowBytes, columns], data });
  }
}

/** A tensor's bytes, `chunkBytes` at a time. */
async function* readBytes(
  dir: string,
  { file, byteOffset, byteLength }: TensorInfo,
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  const path = resolve(dir, file);
  const handle = await openFile(path);
  try {
    for (let begin = 0; begin < byteLength; begin += chunkBytes) {
      const data = new Uint8Array(Math.min(chunkBytes, byteLength - begin));
      const { bytesRead } = await handle.read(data, 0, data.length, byteOffset + begin);
      if (bytesRead < data.length) {
        const what = `expected ${data.length} bytes from ${byteOffset + begin} on, got ${bytesRead}`;
        throw new RuntimeError('MODEL_DAMAGED', what, { file: path, hint: 'fetch the file again' });
      }
      yield data;
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
