import type { StoredTensor } from './strided-view.js';

/** Where a tensor lies and what it is. */
export interface TensorInfo extends StoredTensor {
  /** Relative to the checkpoint's folder, with `/`; absolute where the vision tower lies outside of it. */
  file: string;
}
