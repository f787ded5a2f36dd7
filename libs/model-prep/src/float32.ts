import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';

/** A tensor in memory: row-major, little-endian. */
export interface Tensor {
  dtype: Dtype;
  shape: number[];
  data: Uint8Array;
}

/**
 * The values of an F32, F16 or BF16 tensor as float32; every value of the three types is kept exactly.
 *
 * F32 data that is aligned to 4 bytes is not copied: the result is a view of `tensor.data`.
 *
 * @throws ModelPrepError DTYPE_UNSUPPORTED for other dtypes, SIZE_MISMATCH when data and shape disagree
 */
export function toFloat32({ dtype, shape, data }: Tensor): Float32Array {
  const length = shape.reduce((product, n) => product * n, 1);
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new ModelPrepError('DTYPE_UNSUPPORTED', `expected F32, F16 or BF16, got ${dtype}`, {});
  }
  const bytes = length * (dtype === 'F32' ? 4 : 2);
  if (data.byteLength !== bytes) {
    const what = `${dtype} [${shape.join(', ')}] takes ${bytes} bytes, got ${data.byteLength}`;
    throw new ModelPrepError('SIZE_MISMATCH', what, {});
  }
  const source = aligned(data, dtype === 'F32' ? 4 : 2);
  if (dtype === 'F32') return new Float32Array(source.buffer, source.byteOffset, length);
  const halves = new Uint16Array(source.buffer, source.byteOffset, length);
  const toBits = dtype === 'BF16' ? bfloat16Bits : float16Bits;
  const bits = new Uint32Array(length);
  for (let i = 0; i < length; i++) bits[i] = toBits(halves[i] ?? 0);
  return new Float32Array(bits.buffer);
}

/** `data`, copied only where its place in memory does not allow a view of wider elements. */
const aligned = (data: Uint8Array, bytes: number): Uint8Array =>
  data.byteOffset % bytes === 0 ? data : new Uint8Array(data);

/** bfloat16 is the upper half of a float32. */
const bfloat16Bits = (half: number): number => half << 16;

/** IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits) to the bits of the same binary32. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: fraction x 2^-24. Its highest set bit becomes the hidden one.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
