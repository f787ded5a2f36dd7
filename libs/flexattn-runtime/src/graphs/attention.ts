import { float } from '../onnx/messages.js';
import type { Value } from '../onnx/graph.js';
import { INT32_CODE } from './weights.js';
import type { GraphContext } from './context.js';

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

/** Output [KV, G, rows, headDim] and the ordinary weights [KV, G, rows, C + T] that selection reads. */
export interface Attended {
  out: Value;
  weights: Value;
}

/** x [..., rows, KV * G * headDim] split into heads: [KV, G, rows, headDim]. */
export function splitHeads({ graph, geometry }: GraphContext, x: Value, perGroup: number): Value {
  const { kvHeads, headDim } = geometry;
  const split = graph.node('Reshape', [x, graph.ints([-1, kvHeads, perGroup, headDim])]);
  return graph.node('Transpose', [split], { perm: [1, 2, 0, 3] });
}

/** [KV, G, rows, headDim] -> [rows, H * headDim], the layout that o_proj reads. */
export function mergeHeads({ graph, geometry }: GraphContext, out: Value): Value {
  const rowsFirst = graph.node('Transpose', [out], { perm: [2, 0, 1, 3] });
  return graph.node('Reshape', [rowsFirst, graph.ints([-1, geometry.heads * geometry.headDim])]);
}

/**
 * Causal attention of rows without a past among themselves (SPEC section 4), by the fused kernel: no [T, T] scores
 * are ever written.
 *
 * @param q - [1, T, H * headDim], rotated
 * @param k - [1, T, KV * headDim], rotated; `v` alike
 * @returns [T, H * headDim]
 */
export function causalAttention({ graph, geometry }: GraphContext, q: Value, k: Value, v: Value): Value {
  const rows = graph.node('Cast', [graph.node('Shape', [q], { start: 1, end: 2 })], { to: INT32_CODE });
  const last = graph.node('Sub', [rows, graph.node('Cast', [graph.ints([1])], { to: INT32_CODE })]);
  const total = graph.node('Squeeze', [rows]);
  const out = graph.fused('GroupQueryAttention', [q, k, v, '', '', last, total], {
    num_heads: geometry.heads,
    kv_num_heads: geometry.kvHeads,
  });
  return graph.node('Squeeze', [out, graph.ints([0])]);
}

/** Causal attention over past and new positions (SPEC section 4); `mask` [rows, C + T] is additive. */
export function ordinaryAttention(context: GraphContext, q: Value, kv: KeyValues, mask: Value): Attended {
  const weights = context.graph.node('Softmax', [scores(context, q, kv, mask)], { axis: -1 });
  return { out: mixValues(context, weights, kv), weights };
}

/** q [KV, G, rows, headDim] against past and new keys, scaled and masked: [KV, G, rows, C + T]. */
export function scores(context: GraphContext, q: Value, kv: KeyValues, mask: Value): Value {
  const { graph } = context;
  const both = [scoresAgainst(context, q, kv.pastK), scoresAgainst(context, q, kv.k)];
  return graph.node('Add', [graph.node('Concat', both, { axis: -1 }), mask]);
}

/** q [..., rows, headDim] against k [..., positions, headDim], scaled: [..., rows, positions]. */
export function scoresAgainst({ graph, geometry }: GraphContext, q: Value, k: Value): Value {
  return graph.fused('FusedMatMul', [q, k], { transB: 1, alpha: float(1 / Math.sqrt(geometry.headDim)) });
}

/** weights [KV, G, rows, C + T] times values, past and new apart, so that the buffer is never copied. */
export function mixValues(context: GraphContext, weights: Value, kv: KeyValues): Value {
  const { graph } = context;
  const lengths = [kv.pastV, kv.v].map((values) => lengthOf(context, values, 2));
  const sizes = graph.node('Concat', lengths, { axis: 0 });
  const [past = '', fresh = ''] = graph.nodes('Split', [weights, sizes], 2, { axis: -1 });
  return graph.node('Add', [graph.node('MatMul', [past, kv.pastV]), graph.node('MatMul', [fresh, kv.v])]);
}

/** Length of one axis as an int64 vector of one element. */
export function lengthOf({ graph }: GraphContext, x: Value, axis: number): Value {
  return graph.node('Shape', [x], { start: axis, end: axis + 1 });
}
