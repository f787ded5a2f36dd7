/**
 * Bytes of one element of each dtype of the safetensors format that fills whole bytes, in the order in which the
 * reference implementation declares them: its files hold the last ones first.
 */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  C64: 8,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

/** Element type of a tensor, named as in the safetensors format. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** Is `name` a dtype this library knows the size of? */
export const isDtype = (name: string): name is Dtype => Object.hasOwn(DTYPE_BYTES, name);

/** Bytes of all elements; beyond 2^53 not exact, but never below it. */
export function bytesOf(dtype: Dtype, shape: readonly number[]): number {
  // All factors but zero are at least 1, so a product that was rounded on the way stays beyond 2^53.
  return shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
}
