import type { Value } from '../onnx/graph.js';
import { lengthOf, splitHeads } from './attention.js';
import type { Attended } from './attention.js';
import { narrow, product, widen } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import { rotate } from './rotary.js';
import type { RotaryTables } from './rotary.js';

/**
 * Keys and values of n positions of one layer, of the products' type: kT [KV, 1, headDim, n], v [KV, 1, n, headDim].
 * Keys are kept transposed, so that scores are a plain product. The 1 is broadcast over the G query heads of a group.
 */
export interface DenseKeyValues {
  kT: Value;
  v: Value;
}

/** Some of the positions that rows attend to; `mask` is additive, [rows, n], and absent where every row sees all. */
export interface KeyPart extends DenseKeyValues {
  mask?: Value;
}

/** Rotated queries of x [rows, hidden], scaled by 1/sqrt(headDim): [KV, G, rows, headDim] of the products' type. */
export function queries(context: DenseContext, layer: number, x: Value, tables: RotaryTables): Value {
  const { graph, geometry } = context;
  const { hiddenSize, heads, kvHeads, headDim } = geometry;
  const asked = product(context, `model.layers.${layer}.self_attn.q_proj`, x, hiddenSize, heads * headDim);
  const rotated = rotate(context, widen(context, asked), heads, tables);
  const scaled = graph.node('Mul', [rotated, graph.floats([1 / Math.sqrt(headDim)])]);
  return narrow(context, splitHeads(context, scaled, heads / kvHeads));
}

/**
 * Keys (rotated, SPEC section 3) and values of x [n, hidden] by the projections `k_proj` and `v_proj`, or their
 * high-res counterparts `k_proj_hd` and `v_proj_hd`.
 */
export function keyValues(
  context: DenseContext,
  layer: number,
  x: Value,
  tables: RotaryTables,
  suffix: '' | '_hd' = '',
): DenseKeyValues {
  const { graph, geometry } = context;
  const { hiddenSize, kvHeads, headDim } = geometry;
  const project = (part: string) =>
    product(
      context,
      `model.layers.${layer}.self_attn.${part}_proj${suffix}`,
      x,
      hiddenSize,
      kvHeads * headDim,
    );
  const k = narrow(context, rotate(context, widen(context, project('k')), kvHeads, tables));
  const split = graph.node('Reshape', [k, graph.ints([-1, kvHeads, 1, headDim])]);
  return {
    kT: graph.node('Transpose', [split], { perm: [1, 2, 3, 0] }),
    v: splitHeads(context, project('v'), 1),
  };
}

/** q [KV, G, rows, headDim] against one part's keys, masked: 32-bit floats [KV, G, rows, n]. */
export function partScores(context: DenseContext, q: Value, { kT, mask }: KeyPart): Value {
  const { graph } = context;
  const raw = widen(context, graph.node('MatMul', [q, kT]));
  return mask === undefined ? raw : graph.node('Add', [raw, mask]);
}

/** Scores against several parts side by side: [KV, G, rows, n of all]. */
export function joinScores({ graph }: DenseContext, scores: readonly Value[]): Value {
  const [only = ''] = scores;
  return scores.length === 1 ? only : graph.node('Concat', scores, { axis: -1 });
}

/** Weights [KV, G, rows, n of all] times the values of the parts, in their order: [KV, G, rows, headDim] of the products' type. */
export function mixParts(context: DenseContext, weights: Value, parts: readonly DenseKeyValues[]): Value {
  const { graph } = context;
  const narrowed = narrow(context, weights);
  const split = parts.length === 1 ? [narrowed] : splitByParts(context, narrowed, parts);
  const mixed = parts.map(({ v }, index) => graph.node('MatMul', [split[index] ?? '', v]));
  return mixed.reduce((sum, part) => graph.node('Add', [sum, part]));
}

function splitByParts(context: DenseContext, weights: Value, parts: readonly DenseKeyValues[]): Value[] {
  const { graph } = context;
  const sizes = graph.node(
    'Concat',
    parts.map(({ v }) => lengthOf(context, v, 2)),
    { axis: 0 },
  );
  return graph.nodes('Split', [weights, sizes], parts.length, { axis: -1 });
}

/** Ordinary attention (SPEC section 4): one softmax over all parts. */
export function attendParts(context: DenseContext, q: Value, parts: readonly KeyPart[]): Attended {
  const scores = joinScores(
    context,
    parts.map((part) => partScores(context, q, part)),
  );
  const weights = context.graph.node('Softmax', [scores], { axis: -1 });
  return { out: mixParts(context, weights, parts), weights };
}
