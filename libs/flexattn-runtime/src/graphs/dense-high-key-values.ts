import { attendingLayers } from '../geometry.js';
import type { Value } from '../onnx/graph.js';
import { keyValues } from './dense-attention.js';
import type { DenseKeyValues } from './dense-attention.js';
import { narrow } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import type { RotaryTables } from './rotary.js';

/**
 * Keys (rotated by the enlarged tables, SPEC section 3) and values of all high-res tokens for every layer above F: two
 * large products a layer, once a picture and place. On a GPU that costs less than finding out which tokens are needed,
 * which makes the device wait for the host.
 *
 * @param features - by region, [81 * P, hidden], 32-bit floats
 * @param tables - by region, [1, 81 * P, headDim / 2]
 * @returns by layer: kT [KV, 1, headDim, 81 * P], v [KV, 1, 81 * P, headDim]
 */
export function projectAllHigh(
  context: DenseContext,
  features: Value,
  tables: RotaryTables,
): Map<number, DenseKeyValues> {
  const x = narrow(context, features);
  return new Map(
    attendingLayers(context.geometry).map((layer) => [layer, keyValues(context, layer, x, tables, '_hd')]),
  );
}
