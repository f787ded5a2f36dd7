import { fixedRegions } from '../fixed-regions.js';
import { GRID, poolingMatrix } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { FLOAT_CODE } from './weights.js';
import type { GraphContext } from './context.js';

/** What selection needs of the picture's place in the sequence. */
export interface ImageSpan {
  /** First and last-plus-one column of the low-res tokens among the attention's C + T columns, int64 [1] each. */
  begin: Value;
  end: Value;
  /** 1 for tokens of the picture, 0 for its padding: [L]. */
  keep: Value;
}

/**
 * Which regions each row selects for the next layer, by the model's strategy.
 *
 * @param weights - ordinary attention weights of the high-res rows, [KV, G, R, C + T]
 * @returns bool [R, 81]
 */
export function selectRegions(context: GraphContext, layer: number, weights: Value, span: ImageSpan): Value {
  const { graph, geometry } = context;
  const fixed = fixedRegions(geometry, layer);
  if (fixed === undefined) return selectByAttention(context, weights, span);
  const rows = graph.node('Shape', [weights], { start: 2, end: 3 });
  const shape = graph.node('Concat', [rows, graph.ints([GRID ** 2])], { axis: 0 });
  return graph.node('Expand', [graph.bools(fixed, [1, GRID ** 2]), shape]);
}

/** SPEC section 4, steps 1-4: bool [R, 81]; all false where maximum = minimum, without a 0/0, which WGSL does not define. */
function selectByAttention(context: GraphContext, weights: Value, span: ImageSpan): Value {
  const { graph, geometry } = context;
  const low = graph.node('Slice', [weights, span.begin, span.end, graph.ints([3])]);
  const mass = graph.node('ReduceSum', [low, graph.ints([0, 1])], { keepdims: 0 });
  const map = graph.node('Mul', [mass, span.keep]);
  const least = graph.node('ReduceMin', [map, graph.ints([1])], { keepdims: 1 });
  const most = graph.node('ReduceMax', [map, graph.ints([1])], { keepdims: 1 });
  const range = graph.node('Sub', [most, least]);
  const standsOut = graph.node('Greater', [range, graph.floats([0])]);
  const divisor = graph.node('Where', [standsOut, range, graph.floats([1])]);
  const share = graph.node('Div', [graph.node('Sub', [map, least]), divisor]);
  const level = graph.node('Mul', [share, graph.floats([255])]);
  const hot = graph.node('Greater', [level, graph.floats([geometry.threshold])]);
  const counts = graph.node('MatMul', [graph.node('Cast', [hot], { to: FLOAT_CODE }), poolingTable(context)]);
  return graph.node('Greater', [counts, graph.floats([0])]);
}

/** [L, 81] of 0 and 1, the adaptive max pooling's windows; folded to a constant when the graph is loaded. */
function poolingTable({ graph, geometry }: GraphContext): Value {
  const { size } = geometry;
  const one = poolingMatrix(size);
  return graph.shared('pooling table', () => {
    const both = [graph.floats(one, [size, 1, GRID, 1]), graph.floats(one, [1, size, 1, GRID])];
    return graph.node('Reshape', [graph.node('Mul', both), graph.ints([size ** 2, GRID ** 2])]);
  });
}
