import type { Dtype } from './dtype.js';

/** How a tensor's elements lie in a file where they are not simply row-major and little-endian. */
export interface StridedView {
  /** Elements from one index to the next, per dimension. */
  stride: readonly number[];
  byteOrder: 'little' | 'big';
}

/** A tensor in a weight file. */
export interface StoredTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Of the tensor's first element, counted from the beginning of the file. */
  byteOffset: number;
  /** Of all elements, row-major. */
  byteLength: number;
  /** Absent where `byteLength` bytes at `byteOffset` are the tensor, row-major and little-endian. */
  view?: StridedView;
}
