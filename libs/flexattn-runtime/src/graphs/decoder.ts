import { attendingLayers, selectingLayers } from '../geometry.js';
import { GRID } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { highresAttention, mergeHeads, ordinaryAttention, projectHeads } from './attention.js';
import type { Attended, KeyValues } from './attention.js';
import { EMBEDDINGS } from './embed.js';
import { gatedMlp, rmsNorm } from './mlp.js';
import { rotate } from './rotary.js';
import type { RotaryTables } from './rotary.js';
import { highresMask, selectRegions } from './selection.js';
import type { ImageSpan } from './selection.js';
import { linear, weight } from './weights.js';
import type { GraphContext } from './weights.js';

/** What every layer of one step shares. */
interface Step extends RotaryTables {
  /** Additive, [T, C + T]. */
  mask: Value;
  /** First of the R high-res rows, int64 [1]: T - R. */
  firstHighRow: Value;
  /** Absent with selection `none`. */
  span?: ImageSpan;
}

/** Hidden rows on their way up, and what the layer below selected for the R high-res rows (bool [R, 81]). */
interface Rows {
  x: Value;
  regions?: Value;
}

/**
 * `decoder`: one step over T new positions (a prefill, one token, or many options at once); the last R are high-res
 * rows (SPEC section 4). It holds no state: past keys and values come in, new ones go out.
 *
 * In: inputsEmbeds [T, hidden]; cos, sin [T, headDim]; mask [T, C + T]; firstHighRow [1] = T - R;
 * per layer pastK.i, pastV.i [KV, 1, C, headDim]; with selection `attention` also imageBegin, imageEnd [1]
 * (columns among C + T), keep [L] and, per layer above F, highK.i, highV.i [KV, 1, N, headDim].
 * Out: logits [R, vocab]; per layer k.i, v.i [KV, 1, T, headDim]; per selecting layer regions.i bool [R, 81].
 */
export function buildDecoderGraph(context: GraphContext): void {
  const { graph, geometry } = context;
  const { hiddenSize, vocabSize } = geometry;
  let rows: Rows = { x: graph.input('inputsEmbeds', 'FLOAT', ['T', hiddenSize]) };
  const step = stepInputs(context);
  for (let layer = 0; layer < geometry.layers; layer++) rows = decoderLayer(context, layer, rows, step);
  const normed = rmsNorm(context, 'model.norm.weight', rows.x);
  graph.output('logits', languageHead(context, normed), 'FLOAT', ['R', vocabSize]);
}

function stepInputs({ graph, geometry }: GraphContext): Step {
  const { headDim, size } = geometry;
  const step: Step = {
    cos: graph.input('cos', 'FLOAT', ['T', headDim]),
    sin: graph.input('sin', 'FLOAT', ['T', headDim]),
    mask: graph.input('mask', 'FLOAT', ['T', 'C + T']),
    firstHighRow: graph.input('firstHighRow', 'INT64', [1]),
  };
  if (geometry.selection === 'none') return step;
  const begin = graph.input('imageBegin', 'INT64', [1]);
  const end = graph.input('imageEnd', 'INT64', [1]);
  return { ...step, span: { begin, end, keep: graph.input('keep', 'FLOAT', [size ** 2]) } };
}

/** One LLaMA layer. The last one goes on with the R high-res rows alone: no other row has a reader. */
function decoderLayer(context: GraphContext, layer: number, { x, regions }: Rows, step: Step): Rows {
  const { graph, geometry } = context;
  const name = `model.layers.${layer}`;
  const last = layer === geometry.layers - 1;
  const h = rmsNorm(context, `${name}.input_layernorm.weight`, x);
  const kv = newKeyValues(context, layer, h, step);
  const asking = last ? highRows(context, h, 0, step) : h;
  const tables = last
    ? { cos: highRows(context, step.cos, 0, step), sin: highRows(context, step.sin, 0, step) }
    : step;
  const heads = projectHeads(context, `${name}.self_attn.q_proj`, asking, geometry.heads / geometry.kvHeads);
  const attended = attend(context, layer, rotate(context, heads, tables), kv, regions, step);
  const { hiddenSize } = geometry;
  const mixed = linear(
    context,
    `${name}.self_attn.o_proj`,
    mergeHeads(context, attended.out),
    hiddenSize,
    hiddenSize,
  );
  const residual = graph.node('Add', [last ? highRows(context, x, 0, step) : x, mixed]);
  const normed = rmsNorm(context, `${name}.post_attention_layernorm.weight`, residual);
  const up = graph.node('Add', [residual, gatedMlp(context, `${name}.mlp`, normed)]);
  const { span } = step;
  if (span === undefined || !selectingLayers(geometry).includes(layer)) return { x: up };
  const chosen = selectRegions(context, attended.weights, span);
  graph.output(`regions.${layer}`, chosen, 'BOOL', ['R', GRID ** 2]);
  return { x: up, regions: chosen };
}

/** Keys (rotated) and values of the T new positions, which are outputs too, beside those of the past. */
function newKeyValues(context: GraphContext, layer: number, h: Value, step: Step): KeyValues {
  const { graph, geometry } = context;
  const { kvHeads, headDim } = geometry;
  const name = `model.layers.${layer}.self_attn`;
  const past = [kvHeads, 1, 'C', headDim];
  const pastK = graph.input(`pastK.${layer}`, 'FLOAT', past);
  const pastV = graph.input(`pastV.${layer}`, 'FLOAT', past);
  const k = rotate(context, projectHeads(context, `${name}.k_proj`, h, 1), step);
  const v = projectHeads(context, `${name}.v_proj`, h, 1);
  graph.output(`k.${layer}`, k, 'FLOAT', [kvHeads, 1, 'T', headDim]);
  graph.output(`v.${layer}`, v, 'FLOAT', [kvHeads, 1, 'T', headDim]);
  return { pastK, pastV, k, v };
}

/**
 * Attention of one layer over q: all T rows, or in the last layer the R high-res rows. Above F the high-res rows
 * attend apart from the others. `weights` of the result are those of the R rows.
 */
function attend(
  context: GraphContext,
  layer: number,
  q: Value,
  kv: KeyValues,
  regions: Value | undefined,
  step: Step,
): Attended {
  const { graph, geometry } = context;
  const last = layer === geometry.layers - 1;
  const highMask = highRows(context, step.mask, 0, step);
  if (regions === undefined || !attendingLayers(geometry).includes(layer)) {
    const { out, weights } = ordinaryAttention(context, q, kv, last ? highMask : step.mask);
    return { out, weights: last ? weights : highRows(context, weights, 2, step) };
  }
  const place = [geometry.kvHeads, 1, 'N', geometry.headDim];
  const high = {
    k: graph.input(`highK.${layer}`, 'FLOAT', place),
    v: graph.input(`highV.${layer}`, 'FLOAT', place),
    mask: highresMask(context, regions),
  };
  if (last) return highresAttention(context, q, kv, highMask, high);
  const others = ordinaryAttention(
    context,
    otherRows(context, q, 2, step),
    kv,
    otherRows(context, step.mask, 0, step),
  );
  const highres = highresAttention(context, highRows(context, q, 2, step), kv, highMask, high);
  return { out: graph.node('Concat', [others.out, highres.out], { axis: 2 }), weights: highres.weights };
}

/** The last R of T rows along `axis`. */
function highRows({ graph }: GraphContext, x: Value, axis: number, { firstHighRow }: Step): Value {
  return graph.node('Slice', [x, firstHighRow, graph.ints([Number.MAX_SAFE_INTEGER]), graph.ints([axis])]);
}

/** The first T - R of T rows along `axis`. */
function otherRows({ graph }: GraphContext, x: Value, axis: number, { firstHighRow }: Step): Value {
  return graph.node('Slice', [x, graph.ints([0]), firstHighRow, graph.ints([axis])]);
}

function languageHead(context: GraphContext, x: Value): Value {
  const { hiddenSize, vocabSize, tiedEmbeddings } = context.geometry;
  if (!tiedEmbeddings) return linear(context, 'lm_head', x, hiddenSize, vocabSize);
  return context.graph.node('Gemm', [x, weight(context, EMBEDDINGS, [vocabSize, hiddenSize])], { transB: 1 });
}
