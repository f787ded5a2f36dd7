import { resolve } from 'node:path';
import { DTYPE_BYTES } from '../dtype.js';
import { ModelPrepError } from '../errors.js';
import type { TensorInfo } from '../tensor-info.js';
import { typedView } from '../typed-view.js';
import type { LoadedTensor } from '../typed-view.js';
import { readTensorBytes } from './tensor-bytes.js';

/** Bytes of one tensor in memory; the largest of a 7B model in float32 takes a quarter of it. */
const MAX_TENSOR_BYTES = 2 ** 31;

/**
 * Reads a tensor into memory.
 *
 * @throws ModelPrepError TENSOR_TOO_LARGE or FILE_TRUNCATED
 */
export async function readTensor(dir: string, info: TensorInfo): Promise<LoadedTensor> {
  const { dtype, shape, byteLength } = info;
  const file = resolve(dir, info.file);
  if (byteLength > MAX_TENSOR_BYTES) {
    const what = `expected at most ${MAX_TENSOR_BYTES} bytes, got ${byteLength}`;
    const hint = 'read it in slices';
    throw new ModelPrepError('TENSOR_TOO_LARGE', what, { file, item: info.name, hint });
  }
  const data = new Uint8Array(byteLength);
  let filled = 0;
  for await (const piece of readTensorBytes(file, info)) {
    data.set(piece, filled);
    filled += piece.byteLength;
  }
  return { dtype, shape: [...shape], data, view: typedView({ dtype, data }) };
}

/**
 * The rows [begin, end) of a tensor's first dimension as a tensor of their own.
 *
 * @throws ModelPrepError BAD_SLICE where the tensor has no such rows
 */
export function rowsOf(info: TensorInfo, begin: number, end: number): TensorInfo {
  const [rows = 0, ...rest] = info.shape;
  const isRange =
    Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin <= end && end <= rows;
  if (!isRange || info.shape.length === 0) {
    const what = `expected rows [begin, end) within [0, ${rows}), got [${begin}, ${end})`;
    throw new ModelPrepError('BAD_SLICE', what, { file: info.file, item: info.name });
  }
  const elementBytes = DTYPE_BYTES[info.dtype];
  const rowBytes = rest.reduce((product, n) => product * n, elementBytes);
  // A strided tensor's rows lie as far apart as its first stride says.
  const step = info.view ? (info.view.stride[0] ?? 0) * elementBytes : rowBytes;
  return {
    ...info,
    shape: [end - begin, ...rest],
    byteOffset: info.byteOffset + begin * step,
    byteLength: (end - begin) * rowBytes,
  };
}
