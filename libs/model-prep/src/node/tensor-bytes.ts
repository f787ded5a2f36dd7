import type { StoredTensor } from '../strided-view.js';
import { tensorBytes } from '../tensor-bytes.js';
import { streamWeightFile } from './weight-file.js';
import type { Allocate } from './weight-file.js';

/** The elements of a tensor of `file`, row-major and little-endian, in pieces of at most 8 MiB, put into `memory`. */
export const readTensorBytes = (
  file: string,
  tensor: StoredTensor,
  memory?: Allocate,
): AsyncGenerator<Uint8Array, undefined> =>
  streamWeightFile(file, (source) => tensorBytes(source, tensor, file), memory);
