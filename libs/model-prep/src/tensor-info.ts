import type { Dtype } from './dtype.js';

/** Where a tensor lies and what it is. */
export interface TensorInfo {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Relative to the checkpoint's folder, with `/`; absolute where the vision tower lies outside of it. */
  file: string;
  /** Of the tensor's first byte, counted from the beginning of the file. */
  byteOffset: number;
  byteLength: number;
}
