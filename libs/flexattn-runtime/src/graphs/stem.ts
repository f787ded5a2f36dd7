import type { Value } from '../onnx/graph.js';
import { attendParts, keyValues, queries } from './dense-attention.js';
import type { DenseKeyValues, KeyPart } from './dense-attention.js';
import { finishLayer, layerInput } from './dense-layer.js';
import type { DenseContext } from './dense-products.js';
import type { RotaryTables } from './rotary.js';

/** The S rows of a prompt that predict nothing. */
export interface StemInput {
  /** [S, hidden], 32-bit floats. */
  x: Value;
  /** [1, S, headDim / 2]. */
  tables: RotaryTables;
  /** Causal and additive, [S, S]. */
  mask: Value;
}

/**
 * A prompt without its high-res rows (SPEC section 4): ordinary causal attention in every layer, never a high-res
 * token. Nothing of it is read but keys and values, so the last layer computes no more than those.
 *
 * @returns by layer: kT [KV, 1, headDim, S], v [KV, 1, S, headDim]
 */
export function stemKeyValues(context: DenseContext, { x, tables, mask }: StemInput): DenseKeyValues[] {
  const { layers } = context.geometry;
  const all: DenseKeyValues[] = [];
  let rows = x;
  for (let layer = 0; layer < layers; layer++) {
    const h = layerInput(context, layer, rows);
    const own: KeyPart = keyValues(context, layer, h, tables);
    all.push(own);
    if (layer === layers - 1) break;
    const q = queries(context, layer, h, tables);
    rows = finishLayer(context, layer, rows, attendParts(context, q, [{ ...own, mask }]).out);
  }
  return all;
}
