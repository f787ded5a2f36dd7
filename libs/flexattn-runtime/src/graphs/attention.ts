import { float } from '../onnx/graph.js';
import type { Value } from '../onnx/graph.js';
import { linear } from './weights.js';
import type { GraphContext } from './weights.js';

/** Added to a score that must not count; its weight underflows to exactly 0. Finite, as WGSL has no infinities. */
export const MASKED = -1e30;

/**
 * Keys and values of one layer: C past positions in a buffer that the caller owns, T new ones.
 * All have shape [KV, 1, positions, headDim]; the 1 is broadcast over the G query heads of a group.
 */
export interface KeyValues {
  pastK: Value;
  pastV: Value;
  k: Value;
  v: Value;
}

/** High-res keys and values [KV, 1, N, headDim] and the additive mask [rows, N] of what each row selected. */
export interface HighKeyValues {
  k: Value;
  v: Value;
  mask: Value;
}

/** Output [KV, G, rows, headDim] and the ordinary weights [KV, G, rows, C + T] that selection reads. */
export interface Attended {
  out: Value;
  weights: Value;
}

/** `name` applied to x [rows, hidden], split into heads: [KV, perGroup, rows, headDim]. */
export function projectHeads(context: GraphContext, name: string, x: Value, perGroup: number): Value {
  const { graph, geometry } = context;
  const { hiddenSize, kvHeads, headDim } = geometry;
  const flat = linear(context, name, x, hiddenSize, kvHeads * perGroup * headDim);
  const split = graph.node('Reshape', [flat, graph.ints([-1, kvHeads, perGroup, headDim])]);
  return graph.node('Transpose', [split], { perm: [1, 2, 0, 3] });
}

/** [KV, G, rows, headDim] -> [rows, H * headDim], the layout that o_proj reads. */
export function mergeHeads({ graph, geometry }: GraphContext, out: Value): Value {
  const rowsFirst = graph.node('Transpose', [out], { perm: [2, 0, 1, 3] });
  return graph.node('Reshape', [rowsFirst, graph.ints([-1, geometry.heads * geometry.headDim])]);
}

/** Causal attention over past and new positions (SPEC section 4); `mask` [rows, C + T] is additive. */
export function ordinaryAttention(context: GraphContext, q: Value, kv: KeyValues, mask: Value): Attended {
  const weights = context.graph.node('Softmax', [scores(context, q, kv, mask)], { axis: -1 });
  return { out: mixValues(context, weights, kv), weights };
}

/**
 * Attention of high-res rows above the first selecting layer (SPEC section 4): one softmax over the ordinary scores
 * and those of the selected high-res tokens. The ordinary weights come from a softmax of their own.
 */
export function highresAttention(
  context: GraphContext,
  q: Value,
  kv: KeyValues,
  mask: Value,
  high: HighKeyValues,
): Attended {
  const { graph } = context;
  const low = scores(context, q, kv, mask);
  const highScores = graph.node('Add', [scoresAgainst(context, q, high.k), high.mask]);
  const joint = graph.node('Softmax', [graph.node('Concat', [low, highScores], { axis: -1 })], { axis: -1 });
  const sizes = graph.node('Concat', [lengthOf(context, low), lengthOf(context, highScores)], { axis: 0 });
  const [lowWeights = '', highWeights = ''] = graph.nodes('Split', [joint, sizes], 2, { axis: -1 });
  const out = graph.node('Add', [
    mixValues(context, lowWeights, kv),
    graph.node('MatMul', [highWeights, high.v]),
  ]);
  return { out, weights: graph.node('Softmax', [low], { axis: -1 }) };
}

/** q [KV, G, rows, headDim] against past and new keys, scaled and masked: [KV, G, rows, C + T]. */
function scores(context: GraphContext, q: Value, kv: KeyValues, mask: Value): Value {
  const { graph } = context;
  const both = [scoresAgainst(context, q, kv.pastK), scoresAgainst(context, q, kv.k)];
  return graph.node('Add', [graph.node('Concat', both, { axis: -1 }), mask]);
}

function scoresAgainst({ graph, geometry }: GraphContext, q: Value, k: Value): Value {
  return graph.fused('FusedMatMul', [q, k], { transB: 1, alpha: float(1 / Math.sqrt(geometry.headDim)) });
}

/** weights [KV, G, rows, C + T] times values, past and new apart, so that the buffer is never copied. */
function mixValues(context: GraphContext, weights: Value, kv: KeyValues): Value {
  const { graph } = context;
  const lengths = [kv.pastV, kv.v].map((values) => lengthOf(context, values, 2));
  const sizes = graph.node('Concat', lengths, { axis: 0 });
  const [past = '', fresh = ''] = graph.nodes('Split', [weights, sizes], 2, { axis: -1 });
  return graph.node('Add', [graph.node('MatMul', [past, kv.pastV]), graph.node('MatMul', [fresh, kv.v])]);
}

/** Length of one axis (of four) as an int64 vector of one element. */
function lengthOf({ graph }: GraphContext, x: Value, axis = 3): Value {
  return graph.node('Shape', [x], { start: axis, end: axis + 1 });
}
