import { selectingLayers } from '../geometry.js';
import { GRID, regionLayout } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import type { LoopState } from '../onnx/loop.js';
import type { DenseKeyValues } from './dense-attention.js';
import { projectAllHigh } from './dense-high-key-values.js';
import { embedTokens, productType } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import { denseStep } from './dense-step.js';
import type { DenseStepInput } from './dense-step.js';
import type { RotaryTables } from './rotary.js';
import type { ImageSpan } from './selection.js';
import { stemKeyValues } from './stem.js';
import type { GraphContext } from './context.js';

/** What the prompt's step and every round of the loop share. */
type Shared = Required<Pick<DenseStepInput, 'stem' | 'high'>> & { span?: ImageSpan };

/**
 * `loop`: a whole answer in one run, so that no state ever leaves a device whose tensors JavaScript cannot hold: all
 * high-res keys and values, the prompt, then greedy decoding in a `Loop` (SPEC section 4). With `rounds` 0 and many
 * high-res rows behind the prompt it scores options.
 *
 * The last R of the prompt's T rows are high-res rows; the S = T - R before them, at least one, are the stem, which
 * the loop reads where it lies. Only what comes behind the stem grows from round to round. No tensor of the prompt has
 * zero rows.
 *
 * In: ids [T], 0 where the picture lies; imageRows [L, 1], its places among the T, which are the columns
 * imageBegin to imageEnd [1]; low [L, hidden]; cos, sin [1, T, headDim / 2]; stemRows [1] = S; mask [T, T], additive;
 * rounds []; roundCos, roundSin [at least 1, 1, 1, headDim / 2], of the positions behind the prompt. With a selection
 * also keep [L], highFeatures [81 * P, hidden] and highCos, highSin [1, 81 * P, headDim / 2], by region.
 * Out: logits [R, vocab] and regions bool [selecting layers, R, 81] of the prompt; token [1], the arg max of its last
 * row; and of the n rounds tokens [n, 1], roundLogits [n, 1, vocab] and roundRegions bool [n, selecting layers, 1, 81].
 * The end-of-text token is the last to be chosen.
 */
export function buildLoopGraph(base: GraphContext): void {
  const context: DenseContext = { ...base, type: productType(base) };
  const { graph, geometry } = context;
  const { headDim, vocabSize } = geometry;
  const x = promptEmbeddings(context);
  const cos = graph.input('cos', 'FLOAT', [1, 'T', headDim / 2]);
  const sin = graph.input('sin', 'FLOAT', [1, 'T', headDim / 2]);
  const mask = graph.input('mask', 'FLOAT', ['T', 'T']);
  const cut = graph.input('stemRows', 'INT64', [1]);
  const [before, behind] = [head, tail].map((rows) => ({
    x: rows(context, x, 0, cut),
    tables: { cos: rows(context, cos, 1, cut), sin: rows(context, sin, 1, cut) },
    mask: rows(context, rows(context, mask, 0, cut), 1, cut),
  }));
  if (before === undefined || behind === undefined) throw new Error('a prompt has two parts');
  const shared: Shared = { stem: stemKeyValues(context, before), ...highInputs(context) };
  const prompt = denseStep(context, { ...behind, ...shared });
  const token = greatest(context, prompt.logits);
  graph.output('logits', prompt.logits, 'FLOAT', ['R', vocabSize]);
  graph.output('token', token, 'INT64', [1]);
  const [tokens = '', logits = '', regions = ''] = decodeRounds(context, token, prompt.keyValues, shared);
  graph.output('tokens', tokens, 'INT64', ['n', 1]);
  graph.output('roundLogits', logits, 'FLOAT', ['n', 1, vocabSize]);
  if (shared.span === undefined) return;
  const layers = selectingLayers(geometry).length;
  graph.output('regions', stack(context, prompt.regions), 'BOOL', [layers, 'R', GRID ** 2]);
  graph.output('roundRegions', regions, 'BOOL', ['n', layers, 1, GRID ** 2]);
}

/** [T, hidden]: the table's rows, and the picture's features at its places. */
function promptEmbeddings(context: DenseContext): Value {
  const { graph, geometry } = context;
  const places = geometry.size ** 2;
  const ids = graph.input('ids', 'INT64', ['T']);
  const rows = graph.input('imageRows', 'INT64', [places, 1]);
  const low = graph.input('low', 'FLOAT', [places, geometry.hiddenSize]);
  return graph.node('ScatterND', [embedTokens(context, ids), rows, low]);
}

/** The picture's place and all its high-res keys and values; nothing of them with selection `none`. */
function highInputs(context: DenseContext): Omit<Shared, 'stem'> {
  const { graph, geometry } = context;
  if (geometry.selection === 'none') return { high: new Map() };
  const { hiddenSize, headDim, size, hd } = geometry;
  const places = GRID ** 2 * regionLayout(hd).perRegion;
  const span = {
    begin: graph.input('imageBegin', 'INT64', [1]),
    end: graph.input('imageEnd', 'INT64', [1]),
    keep: graph.input('keep', 'FLOAT', [size ** 2]),
  };
  const features = graph.input('highFeatures', 'FLOAT', [places, hiddenSize]);
  const tables: RotaryTables = {
    cos: graph.input('highCos', 'FLOAT', [1, places, headDim / 2]),
    sin: graph.input('highSin', 'FLOAT', [1, places, headDim / 2]),
  };
  return { span, high: projectAllHigh(context, features, tables) };
}

/** Tokens, logits and regions of the rounds behind the prompt; each feeds the token that the one before it chose. */
function decodeRounds(
  context: DenseContext,
  token: Value,
  prompt: readonly DenseKeyValues[],
  shared: Shared,
): Value[] {
  const { graph, geometry, type } = context;
  const { headDim } = geometry;
  const rounds = graph.input('rounds', 'INT64', []);
  const table = ['at least 1', 1, 1, headDim / 2];
  const cos = graph.input('roundCos', 'FLOAT', table);
  const sin = graph.input('roundSin', 'FLOAT', table);
  const states: LoopState[] = prompt.flatMap(({ kT, v }) => [kT, v].map((value) => ({ value, type })));
  return graph.loop(
    rounds,
    notEnded(context, token),
    [{ value: token, type: 'INT64' }, ...states],
    (round, [last = '', ...state]) => {
      const grown = prompt.map((_, layer) => ({
        kT: state[2 * layer] ?? '',
        v: state[2 * layer + 1] ?? '',
      }));
      const tables = { cos: graph.node('Gather', [cos, round]), sin: graph.node('Gather', [sin, round]) };
      const step = denseStep(context, { x: embedTokens(context, last), tables, grown, ...shared });
      const next = greatest(context, step.logits);
      const chosen = graph.node('Identity', [next]);
      const regions = step.regions.length === 0 ? [] : [stack(context, step.regions)];
      return {
        again: notEnded(context, next),
        states: [next, ...step.keyValues.flatMap(({ kT, v }) => [kT, v])],
        collected: [chosen, step.logits, ...regions],
      };
    },
  );
}

/** Token of the greatest of the last row's logits, the first of equals: [R, vocab] -> int64 [1]. */
function greatest({ graph }: DenseContext, logits: Value): Value {
  const all = graph.node('ArgMax', [logits], { axis: 1, keepdims: 0 });
  return graph.node('Slice', [all, graph.ints([-1]), graph.ints([Number.MAX_SAFE_INTEGER])]);
}

/** Whether `token` [1] is not the end of the text: bool []. */
function notEnded({ graph, geometry }: DenseContext, token: Value): Value {
  const ended = graph.node('Equal', [token, graph.ints([geometry.endOfText])]);
  return graph.node('Squeeze', [graph.node('Not', [ended])]);
}

/** Regions [R, 81] of several layers, one above the other: [layers, R, 81]. */
function stack({ graph }: DenseContext, regions: readonly Value[]): Value {
  const each = regions.map((one) => graph.node('Unsqueeze', [one, graph.ints([0])]));
  return graph.node('Concat', each, { axis: 0 });
}

/** The first rows along `axis`, up to `cut` [1]. */
function head({ graph }: DenseContext, x: Value, axis: number, cut: Value): Value {
  return graph.node('Slice', [x, graph.ints([0]), cut, graph.ints([axis])]);
}

/** The rows along `axis` from `cut` [1] on. */
function tail({ graph }: DenseContext, x: Value, axis: number, cut: Value): Value {
  return graph.node('Slice', [x, cut, graph.ints([Number.MAX_SAFE_INTEGER]), graph.ints([axis])]);
}
