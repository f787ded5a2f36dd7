import type { QuantiseFormat } from './blocks.js';

/** What a compiled model's weights are stored in; `float`: as the checkpoint has them. */
export const PRECISIONS = ['float', 'int8', 'int4'] as const;

/** One of `PRECISIONS`. */
export type Precision = (typeof PRECISIONS)[number];

/** How to store weights in fewer bits. */
export interface Quantisation {
  precision: Exclude<Precision, 'float'>;
  blockSize: QuantiseFormat['blockSize'];
}

/** Matrices that a product is taken with. Embeddings, norms, biases and the patch convolution stay as they are. */
const MATRIX = /(_proj|_proj_hd|\.fc[12]|lm_head|mm_projector\.\d+)\.weight$/;
/** Where int4 is used: the decoder's layers hold nearly all of the weights. What sees and what speaks gets 8 bits. */
const DECODER_LAYER = /^model\.layers\.\d+\./;

/**
 * How a tensor is stored; undefined: as it is in the checkpoint.
 *
 * @param name - in the checkpoint
 */
export function formatOf(
  name: string,
  shape: readonly number[],
  { precision, blockSize }: Quantisation,
): QuantiseFormat | undefined {
  if (shape.length !== 2 || !MATRIX.test(name)) return undefined;
  // Zero points take a little off the error of 4 bits and cost nothing; with 8 bits they make the kernel slower.
  return precision === 'int4' && DECODER_LAYER.test(name)
    ? { bits: 4, blockSize, symmetric: false }
    : { bits: 8, blockSize, symmetric: true };
}
