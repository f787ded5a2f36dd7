import { GRID, regionLayout } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { lengthOf, MASKED, mixValues, scores, scoresAgainst } from './attention.js';
import type { Attended, KeyValues } from './attention.js';
import { rotate } from './rotary.js';
import type { RotaryTables } from './rotary.js';
import { INT64_CODE, linear } from './weights.js';
import type { GraphContext } from './context.js';

/**
 * The high-res tokens, region by region: P places in each of the 81 regions, of which the last are empty where the
 * regions differ in size.
 */
export interface HighTokens extends RotaryTables {
  /** [81, P, hidden]. */
  features: Value;
  /** Regions whose features are there, bool [81]; the others are passed over, and the caller tries again. */
  ready: Value;
}

/** What the caller keeps of one layer: `known` bool [81], keys and values [81, KV, P, headDim]. */
interface KeptRegions {
  known: Value;
  k: Value;
  v: Value;
}

/** The inputs of a decoder that attends to high-res tokens; `cos` and `sin` [81, P, headDim / 2]. */
export function highTokenInputs({ graph, geometry }: GraphContext): HighTokens {
  const { perRegion } = regionLayout(geometry.hd);
  const table = [GRID ** 2, perRegion, geometry.headDim / 2];
  return {
    features: graph.input('highFeatures', 'FLOAT', [GRID ** 2, perRegion, geometry.hiddenSize]),
    ready: graph.input('highReady', 'BOOL', [GRID ** 2]),
    cos: graph.input('highCos', 'FLOAT', table),
    sin: graph.input('highSin', 'FLOAT', table),
  };
}

/**
 * Attention of high-res rows above the first selecting layer (SPEC section 4): one softmax over the ordinary scores
 * and those of the selected high-res tokens. The ordinary weights come from a softmax of their own; where no row
 * selected anything, they are all there is.
 *
 * In: `highKnown.i`, bool [81], and what the caller keeps for the regions known: `highK.i`, `highV.i`
 * [81, KV, P, headDim]. Out: `newHighK.i`, `newHighV.i` [n, KV, P, headDim], the regions that were selected and not
 * known, in ascending order.
 *
 * @param q - [KV, G, R, headDim]
 * @param mask - additive, [R, C + T]
 * @param regions - what the layer below selected for each row, bool [R, 81]
 */
export function highresAttention(
  context: GraphContext,
  layer: number,
  q: Value,
  kv: KeyValues,
  mask: Value,
  regions: Value,
  tokens: HighTokens,
): Attended {
  const { graph } = context;
  const kept = keptInputs(context, layer);
  const low = scores(context, q, kv, mask);
  const weights = graph.node('Softmax', [low], { axis: -1 });
  const wanted = graph.node('And', [selectedByAny(context, regions), tokens.ready]);
  const many = graph.node('Greater', [lengthOf(context, indicesOf(context, wanted), 0), graph.ints([MANY])]);
  const fresh = indicesOf(context, graph.node('And', [wanted, graph.node('Not', [kept.known])]));
  const attendTo = (k: Value, v: Value, chosen?: Value) => {
    const added = highresMask(context, regions, chosen);
    const high = graph.node('Add', [flatScores(context, q, k), added]);
    return attendJointly(context, q, low, kv, high, v);
  };
  const attendToFresh = () => {
    const [newK, newV] = projectRegions(context, layer, fresh, tokens);
    const read = graph.node('Or', [wanted, many]);
    const chosen = indicesOf(context, read);
    const place = placesAmong(context, read, fresh);
    const [k = '', v = ''] = [[kept.k, newK] as const, [kept.v, newV] as const].map(([values, added]) =>
      graph.node('ScatterND', [take(context, values, chosen), place, added]),
    );
    return [attendTo(k, v, chosen), newK, newV];
  };
  const attendToChosen = () => {
    const chosen = indicesOf(context, wanted);
    return attendTo(take(context, kept.k, chosen), take(context, kept.v, chosen), chosen);
  };
  const [out = '', newK = '', newV = ''] = byCase(context, [
    [() => anyOf(context, fresh), attendToFresh],
    [() => many, () => [attendTo(kept.k, kept.v), ...nothingNew(context)]],
    [() => anyOf(context, indicesOf(context, wanted)), () => [attendToChosen(), ...nothingNew(context)]],
    [undefined, () => [mixValues(context, weights, kv), ...nothingNew(context)]],
  ]);
  const shape = ['n', ...regionShape(context)];
  graph.output(`newHighK.${layer}`, newK, 'FLOAT', shape);
  graph.output(`newHighV.${layer}`, newV, 'FLOAT', shape);
  return { out, weights };
}

/** One region's keys or values: [KV, P, headDim]. */
function regionShape({ geometry }: GraphContext): number[] {
  return [geometry.kvHeads, regionLayout(geometry.hd).perRegion, geometry.headDim];
}

function keptInputs(context: GraphContext, layer: number): KeptRegions {
  const { graph } = context;
  const shape = [GRID ** 2, ...regionShape(context)];
  return {
    known: graph.input(`highKnown.${layer}`, 'BOOL', [GRID ** 2]),
    k: graph.input(`highK.${layer}`, 'FLOAT', shape),
    v: graph.input(`highV.${layer}`, 'FLOAT', shape),
  };
}

/** Regions, of 81, from which on all are read under a mask where they lie: putting the chosen ones together costs more. */
const MANY = 27;

/** One softmax over low [KV, G, R, C + T] and high [KV, G, R, m * P] scores, times the values of both. */
function attendJointly(
  context: GraphContext,
  q: Value,
  low: Value,
  kv: KeyValues,
  high: Value,
  highV: Value,
): Value {
  const { graph } = context;
  const joint = graph.node('Softmax', [graph.node('Concat', [low, high], { axis: -1 })], { axis: -1 });
  const sizes = graph.node('Concat', [lengthOf(context, low, 3), lengthOf(context, high, 3)], { axis: 0 });
  const [lowWeights = '', highWeights = ''] = graph.nodes('Split', [joint, sizes], 2, { axis: -1 });
  const mixed = mixHighValues(context, highWeights, q, highV);
  return graph.node('Add', [mixValues(context, lowWeights, kv), mixed]);
}

/** New keys and values where no region is new: of none. */
function nothingNew(context: GraphContext): Value[] {
  const { graph } = context;
  const none = () => graph.node('Identity', [graph.floats([], [0, ...regionShape(context)])]);
  return [none(), none()];
}

/** The outputs of the first case whose condition holds, bool [1]; the last has none. */
function byCase(
  context: GraphContext,
  [first, ...others]: readonly (readonly [condition: (() => Value) | undefined, outputs: () => Value[]])[],
): Value[] {
  const [condition, outputs = () => []] = first ?? [];
  return condition === undefined
    ? outputs()
    : context.graph.choose(condition(), outputs, () => byCase(context, others));
}

/** regions bool [R, 81] -> bool [81]. */
function selectedByAny({ graph }: GraphContext, regions: Value): Value {
  const counts = graph.node(
    'ReduceSum',
    [graph.node('Cast', [regions], { to: INT64_CODE }), graph.ints([0])],
    {
      keepdims: 0,
    },
  );
  return graph.node('Greater', [counts, graph.ints([0])]);
}

/** Slabs of a [81, ...] table in the order of `chosen`. */
function take({ graph }: GraphContext, values: Value, chosen: Value): Value {
  return graph.node('Gather', [values, chosen], { axis: 0 });
}

/** Whether a list of indices has any: bool [1]. */
function anyOf(context: GraphContext, indices: Value): Value {
  return context.graph.node('Greater', [lengthOf(context, indices, 0), context.graph.ints([0])]);
}

/** Keys (rotated) and values of some regions: [n, KV, P, headDim] each. */
function projectRegions(
  context: GraphContext,
  layer: number,
  regions: Value,
  { features, cos, sin }: HighTokens,
): [k: Value, v: Value] {
  const { graph, geometry } = context;
  const { hiddenSize, kvHeads, headDim } = geometry;
  const { perRegion } = regionLayout(geometry.hd);
  const rowsOf = (values: Value, shape: readonly number[]) =>
    graph.node('Reshape', [take(context, values, regions), graph.ints(shape)]);
  const x = rowsOf(features, [-1, hiddenSize]);
  const tables = { cos: rowsOf(cos, [1, -1, headDim / 2]), sin: rowsOf(sin, [1, -1, headDim / 2]) };
  const name = `model.layers.${layer}.self_attn`;
  const project = (part: string) => linear(context, `${name}.${part}`, x, hiddenSize, kvHeads * headDim);
  const byRegion = (values: Value) => {
    const split = graph.node('Reshape', [values, graph.ints([-1, perRegion, kvHeads, headDim])]);
    return graph.node('Transpose', [split], { perm: [0, 2, 1, 3] });
  };
  return [byRegion(rotate(context, project('k_proj_hd'), kvHeads, tables)), byRegion(project('v_proj_hd'))];
}

/** Indices of the set entries of a bool vector, int64 [m]. */
function indicesOf({ graph }: GraphContext, flags: Value): Value {
  return graph.node('Reshape', [graph.node('NonZero', [flags]), graph.ints([-1])]);
}

/** For each of some set entries, how many are set before it: int64 [n, 1], as ScatterND wants it. */
function placesAmong({ graph }: GraphContext, flags: Value, some: Value): Value {
  const running = graph.node('CumSum', [
    graph.node('Cast', [flags], { to: INT64_CODE }),
    graph.ints([0], []),
  ]);
  const places = graph.node('Sub', [graph.node('Gather', [running, some], { axis: 0 }), graph.ints([1])]);
  return graph.node('Unsqueeze', [places, graph.ints([1])]);
}

/** Additive mask [R, m * P], of all regions or the chosen: open where the row selected one and the place holds a token. */
function highresMask(context: GraphContext, regions: Value, chosen?: Value): Value {
  const { graph, geometry } = context;
  const { perRegion, tokens } = regionLayout(geometry.hd);
  const byRegion = graph.node('Where', [regions, graph.floats([0]), graph.floats([MASKED])]);
  const empty = Array.from(tokens, (token) => (token < 0 ? MASKED : 0));
  const all = graph.floats(empty, [GRID ** 2, perRegion]);
  const rows = chosen === undefined ? byRegion : graph.node('Gather', [byRegion, chosen], { axis: 1 });
  const places = chosen === undefined ? all : take(context, all, chosen);
  const both = graph.node('Add', [graph.node('Unsqueeze', [rows, graph.ints([2])]), places]);
  return graph.node('Flatten', [both], { axis: 1 });
}

/** q [KV, G, R, headDim] against the chosen keys, region by region, then flat: [KV, G, R, m * P]. */
function flatScores(context: GraphContext, q: Value, k: Value): Value {
  const { graph, geometry } = context;
  const { kvHeads, heads, headDim } = geometry;
  const rows = graph.node('Reshape', [q, graph.ints([kvHeads, -1, headDim])]);
  const flat = graph.node('Transpose', [scoresAgainst(context, rows, k)], { perm: [1, 2, 0, 3] });
  return graph.node('Reshape', [
    flat,
    graph.node(
      'Concat',
      [graph.ints([kvHeads, heads / kvHeads]), lengthOf(context, q, 2), graph.ints([-1])],
      {
        axis: 0,
      },
    ),
  ]);
}

/** weights [KV, G, R, m * P] times the chosen values [m, KV, P, headDim]: [KV, G, R, headDim]. */
function mixHighValues(context: GraphContext, weights: Value, q: Value, v: Value): Value {
  const { graph, geometry } = context;
  const { kvHeads, heads } = geometry;
  const { perRegion } = regionLayout(geometry.hd);
  const rows = graph.node('Mul', [lengthOf(context, q, 2), graph.ints([heads / kvHeads])]);
  const shape = [graph.ints([kvHeads]), rows, graph.ints([-1, perRegion])];
  const split = graph.node('Reshape', [weights, graph.node('Concat', shape, { axis: 0 })]);
  const byRegion = graph.node('Transpose', [split], { perm: [2, 0, 1, 3] });
  const mixed = graph.node('ReduceSum', [graph.node('MatMul', [byRegion, v]), graph.ints([0])], {
    keepdims: 0,
  });
  return graph.node('Reshape', [mixed, graph.node('Shape', [q])]);
}
