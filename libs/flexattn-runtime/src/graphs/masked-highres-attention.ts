import { GRID, regionLayout } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { MASKED } from './attention.js';
import type { Attended } from './attention.js';
import { joinScores, mixParts, partScores } from './dense-attention.js';
import type { KeyPart } from './dense-attention.js';
import type { DenseContext } from './dense-products.js';

/**
 * Attention of high-res rows above the first selecting layer (SPEC section 4): one softmax over the ordinary scores and
 * those against ALL high-res tokens, where a mask leaves only what the layer below selected for each row. Nothing is
 * gathered, so nothing has a size that only the device knows. The ordinary weights, which select for the next layer,
 * come from a softmax of their own. A row that selected nothing gives every high-res token the weight 0.
 *
 * @param q - [KV, G, R, headDim], scaled
 * @param low - ordinary positions in the order of the sequence
 * @param high - kT [KV, 1, headDim, N], v [KV, 1, N, headDim], and the mask of what the layer below selected for each
 * row (`regionMask`, where N is 81 * P)
 */
export function maskedHighresAttention(
  context: DenseContext,
  q: Value,
  low: readonly KeyPart[],
  high: KeyPart,
): Attended {
  const { graph } = context;
  const scores = joinScores(
    context,
    low.map((part) => partScores(context, q, part)),
  );
  const weights = graph.node('Softmax', [scores], { axis: -1 });
  const masked = partScores(context, q, high);
  const joint = graph.node('Softmax', [joinScores(context, [scores, masked])], { axis: -1 });
  return { out: mixParts(context, joint, [...low, high]), weights };
}

/** Additive mask [R, 81 * P] of regions bool [R, 81]: open where the row selected one and the place holds a token. */
export function regionMask({ graph, geometry }: DenseContext, regions: Value): Value {
  const { perRegion, tokens } = regionLayout(geometry.hd);
  const empty = Array.from(tokens, (token) => (token < 0 ? MASKED : 0));
  const byRegion = graph.node('Where', [regions, graph.floats([0]), graph.floats([MASKED])]);
  const columns = graph.node('Unsqueeze', [byRegion, graph.ints([2])]);
  const byPlace = graph.node('Add', [columns, graph.floats(empty, [GRID ** 2, perRegion])]);
  return graph.node('Reshape', [byPlace, graph.ints([-1, GRID ** 2 * perRegion])]);
}
