import { attendingLayers, selectingLayers } from '../geometry.js';
import { GRID } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { LANGUAGE_HEAD } from '../tensor-names.js';
import { causalAttention, mergeHeads, ordinaryAttention, splitHeads } from './attention.js';
import type { Attended, KeyValues } from './attention.js';
import { EMBEDDINGS } from '../tensor-names.js';
import { highresAttention, highTokenInputs } from './highres.js';
import type { HighTokens } from './highres.js';
import { gatedMlp, rmsNorm } from './mlp.js';
import { rotate } from './rotary.js';
import type { RotaryTables } from './rotary.js';
import { selectRegions } from './selection.js';
import type { ImageSpan } from './selection.js';
import { linear, weight } from './weights.js';
import type { GraphContext } from './context.js';

/** What every layer of one step shares. */
interface Step extends RotaryTables {
  /** Additive, [T, C + T]; without rows in a stem. */
  mask: Value;
  /** First of the R high-res rows, int64 [1]: T - R. */
  firstHighRow: Value;
  /** bool [1]: no past and no high-res rows, so the fused kernel attends. */
  stem: Value;
  /** Absent with selection `none`. */
  span?: ImageSpan;
  /** Absent where no layer attends to high-res tokens. */
  tokens?: HighTokens;
}

/** Hidden rows on their way up, and what the layer below selected for the R high-res rows (bool [R, 81]). */
interface Rows {
  x: Value;
  regions?: Value;
}

/** One layer's new keys and values, with the heads still side by side: [1, T, KV * headDim] each. */
interface NewRows extends KeyValues {
  kRows: Value;
  vRows: Value;
}

/**
 * `decoder`: one step over T new positions (a stem, a prompt's end, one token, or many options at once); the last R
 * are high-res rows (SPEC section 4). It holds no state: past keys and values come in, new ones go out.
 *
 * In: inputsEmbeds [T, hidden]; cos, sin [1, T, headDim / 2]; mask [T, C + T]; firstHighRow [1] = T - R; stem bool
 * [1]; per layer pastK.i, pastV.i [KV, 1, C, headDim]; with a selection also imageBegin, imageEnd [1] (columns among
 * C + T), keep [L], the high-res tokens and, per layer above F, what is known of them (see `highres.ts`).
 * Out: logits [R, vocab]; per layer k.i, v.i [KV, 1, T, headDim]; per selecting layer regions.i bool [R, 81]; per
 * layer above F newHighK.i, newHighV.i [n, KV, P, headDim].
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

function stepInputs(context: GraphContext): Step {
  const { graph, geometry } = context;
  const { headDim, size } = geometry;
  const step: Step = {
    cos: graph.input('cos', 'FLOAT', [1, 'T', headDim / 2]),
    sin: graph.input('sin', 'FLOAT', [1, 'T', headDim / 2]),
    mask: graph.input('mask', 'FLOAT', ['M', 'C + T']),
    firstHighRow: graph.input('firstHighRow', 'INT64', [1]),
    stem: graph.input('stem', 'BOOL', [1]),
  };
  if (geometry.selection === 'none') return step;
  const begin = graph.input('imageBegin', 'INT64', [1]);
  const end = graph.input('imageEnd', 'INT64', [1]);
  const keep = graph.input('keep', 'FLOAT', [size ** 2]);
  return { ...step, span: { begin, end, keep }, tokens: highTokenInputs(context) };
}

/** One LLaMA layer. The last one goes on with the R high-res rows alone: no other row has a reader. */
function decoderLayer(context: GraphContext, layer: number, { x, regions }: Rows, step: Step): Rows {
  const { graph, geometry } = context;
  const { heads, headDim, hiddenSize } = geometry;
  const name = `model.layers.${layer}`;
  const last = layer === geometry.layers - 1;
  const own = last ? highRowsOf(context, step) : step;
  const asking = (values: Value) => (last ? highRows(context, values, 0, step) : values);
  const h = rmsNorm(context, `${name}.input_layernorm.weight`, x);
  const kv = newKeyValues(context, layer, h, step);
  const asked = linear(context, `${name}.self_attn.q_proj`, asking(h), hiddenSize, heads * headDim);
  const q = rotate(context, asked, heads, own);
  const high = attend(context, layer, last ? q : highRows(context, q, 1, step), kv, regions, step);
  const merged = mergeHeads(context, high.out);
  const out = last ? merged : graph.node('Concat', [attendOthers(context, q, kv, step), merged], { axis: 0 });
  const mixed = linear(context, `${name}.self_attn.o_proj`, out, heads * headDim, hiddenSize);
  const residual = graph.node('Add', [asking(x), mixed]);
  const normed = rmsNorm(context, `${name}.post_attention_layernorm.weight`, residual);
  const up = graph.node('Add', [residual, gatedMlp(context, `${name}.mlp`, normed)]);
  if (step.span === undefined || !selectingLayers(geometry).includes(layer)) return { x: up };
  const chosen = selectRegions(context, layer, high.weights, step.span);
  graph.output(`regions.${layer}`, chosen, 'BOOL', ['R', GRID ** 2]);
  return { x: up, regions: chosen };
}

/** Keys (rotated) and values of the T new positions, which are outputs too, beside those of the past. */
function newKeyValues(context: GraphContext, layer: number, h: Value, step: Step): NewRows {
  const { graph, geometry } = context;
  const { hiddenSize, kvHeads, headDim } = geometry;
  const name = `model.layers.${layer}.self_attn`;
  const past = [kvHeads, 1, 'C', headDim];
  const pastK = graph.input(`pastK.${layer}`, 'FLOAT', past);
  const pastV = graph.input(`pastV.${layer}`, 'FLOAT', past);
  const project = (part: string) => linear(context, `${name}.${part}`, h, hiddenSize, kvHeads * headDim);
  const kRows = rotate(context, project('k_proj'), kvHeads, step);
  const vRows = graph.node('Unsqueeze', [project('v_proj'), graph.ints([0])]);
  const [k = '', v = ''] = [kRows, vRows].map((rows) => splitHeads(context, rows, 1));
  graph.output(`k.${layer}`, k, 'FLOAT', [kvHeads, 1, 'T', headDim]);
  graph.output(`v.${layer}`, v, 'FLOAT', [kvHeads, 1, 'T', headDim]);
  return { pastK, pastV, k, v, kRows, vRows };
}

/** Attention of the R high-res rows, q [1, R, H * headDim]; above F they attend to what the layer below selected. */
function attend(
  context: GraphContext,
  layer: number,
  q: Value,
  kv: KeyValues,
  regions: Value | undefined,
  step: Step,
): Attended {
  const { geometry } = context;
  const rows = splitHeads(context, q, geometry.heads / geometry.kvHeads);
  const mask = highRows(context, step.mask, 0, step);
  const { tokens } = step;
  if (regions === undefined || tokens === undefined || !attendingLayers(geometry).includes(layer)) {
    return ordinaryAttention(context, rows, kv, mask);
  }
  return highresAttention(context, layer, rows, kv, mask, regions, tokens);
}

/** Attention of the T - R other rows, which never see high-res tokens: [T - R, H * headDim]. */
function attendOthers(context: GraphContext, q: Value, kv: NewRows, step: Step): Value {
  const { graph, geometry } = context;
  const [out = ''] = graph.choose(
    step.stem,
    () => [causalAttention(context, q, kv.kRows, kv.vRows)],
    () => {
      const rows = splitHeads(context, otherRows(context, q, 1, step), geometry.heads / geometry.kvHeads);
      const mask = otherRows(context, step.mask, 0, step);
      return [mergeHeads(context, ordinaryAttention(context, rows, kv, mask).out)];
    },
  );
  return out;
}

/** The last R of T rows along `axis`. */
function highRows({ graph }: GraphContext, x: Value, axis: number, { firstHighRow }: Step): Value {
  return graph.node('Slice', [x, firstHighRow, graph.ints([Number.MAX_SAFE_INTEGER]), graph.ints([axis])]);
}

/** The first T - R of T rows along `axis`. */
function otherRows({ graph }: GraphContext, x: Value, axis: number, { firstHighRow }: Step): Value {
  return graph.node('Slice', [x, graph.ints([0]), firstHighRow, graph.ints([axis])]);
}

/** The high-res rows' part of the rotary tables. */
function highRowsOf(context: GraphContext, step: Step): RotaryTables {
  return { cos: highRows(context, step.cos, 1, step), sin: highRows(context, step.sin, 1, step) };
}

function languageHead(context: GraphContext, x: Value): Value {
  const { hiddenSize, vocabSize, tiedEmbeddings } = context.geometry;
  // In fewer bits the head is a matrix of its own in any case.
  if (!tiedEmbeddings || context.quantised?.has(LANGUAGE_HEAD) === true)
    return linear(context, 'lm_head', x, hiddenSize, vocabSize);
  return context.graph.node('Gemm', [x, weight(context, EMBEDDINGS, [vocabSize, hiddenSize])], { transB: 1 });
}
