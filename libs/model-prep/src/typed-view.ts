import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { Tensor } from './float32.js';

/** What holds the elements of a tensor. */
export type TypedView =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor that was read: its bytes, and its elements as `typedView` gives them, in the same memory. */
export interface LoadedTensor extends Tensor {
  view: TypedView;
}

interface ViewOf {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedView;
}

const VIEWS: Record<Dtype, ViewOf> = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3: Uint8Array,
  F8_E8M0: Uint8Array,
  F8_E4M3FNUZ: Uint8Array,
  F8_E5M2FNUZ: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  C64: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
};

/**
 * The elements of a tensor in memory, row-major: numbers of the dtype; the bits of an element where JavaScript has no
 * such number (F16, BF16, the F8s; `toFloat32` gives the values of the first two); real and imaginary part in turn for
 * C64; 0 and 1 for BOOL. A view of `tensor.data`, copied only where that is not aligned to the elements.
 *
 * @throws ModelPrepError SIZE_MISMATCH where the data are no whole number of elements
 */
export function typedView({ dtype, data }: Pick<Tensor, 'dtype' | 'data'>): TypedView {
  if (data.byteLength % DTYPE_BYTES[dtype] !== 0) {
    const what = `expected a multiple of the ${DTYPE_BYTES[dtype]} bytes of ${dtype}, got ${data.byteLength}`;
    throw new ModelPrepError('SIZE_MISMATCH', what);
  }
  const View = VIEWS[dtype];
  const { buffer, byteOffset, byteLength } =
    data.byteOffset % View.BYTES_PER_ELEMENT === 0 ? data : new Uint8Array(data);
  return new View(buffer, byteOffset, byteLength / View.BYTES_PER_ELEMENT);
}
