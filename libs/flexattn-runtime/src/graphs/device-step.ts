import { attendingLayers, selectingLayers } from '../geometry.js';
import { GRID } from '../regions.js';
import type { Value } from '../onnx/graph.js';
import { MASKED } from './attention.js';
import { attendParts, keyValues, queries } from './dense-attention.js';
import type { DenseKeyValues, KeyPart } from './dense-attention.js';
import { finishLayer, layerInput } from './dense-layer.js';
import { deviceContext } from './device-context.js';
import { languageHead, narrow, widen } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import { append } from './dense-step.js';
import { EMBEDDINGS } from '../tensor-names.js';
import { maskedHighresAttention } from './masked-highres-attention.js';
import { rmsNorm } from './mlp.js';
import type { RotaryTables } from './rotary.js';
import { selectRegions } from './selection.js';
import type { ImageSpan } from './selection.js';
import { FLOAT_CODE, weightAs } from './weights.js';
import type { GraphContext } from './context.js';

/** What every layer of one step shares. */
interface Step extends RotaryTables {
  /** Additive, [T, C] and [T, G + T]. */
  stemMask: Value;
  ownMask: Value;
  /** The R rows whose logits are asked for, int64 [R]. */
  readRows: Value;
  /** Absent with selection `none`. */
  picture?: ImageSpan & {
    /** Additive, [T, 1]: 0 for high-res rows. */
    rowMask: Value;
    /** Region of every high-res token, int64 [N]. */
    regionOf: Value;
  };
}

/**
 * `step`: T rows behind a past that lies on the device, of any kind (a prompt's stem, its end, one token, many
 * options), so that one session holds the weights once. K/V come in as device tensors and go out as such; logits stay
 * there too, and the host gets `token` and `regions`. No tensor has zero rows, which WebGPU refuses: stem and grown
 * positions begin with one that is always masked.
 *
 * In: ids [T], 0 where the picture lies; isImage bool [T, 1] and imagePlace [T], the row of `low` [L, hidden] there;
 * cos, sin [1, T, headDim / 2]; stemMask [T, C]; ownMask [T, G + T]; readRows [R]; per layer stemKT.i, stemV.i of C
 * positions that never change, and grownKT.i, grownV.i of G, shapes as in `DenseKeyValues`; with a selection also
 * imageBegin, imageEnd [1] (columns among C + G + T), keep [L], rowMask [T, 1], regionOf [N] and per layer above F
 * highKT.i, highV.i of N high-res tokens, in any order; one token where no row is a high-res row.
 * Out: nextKT.i, nextV.i of G + T positions; logits [R, vocab]; token [R], their arg max; regions [selecting layers,
 * R, 81] of 0 and 1, 32-bit floats.
 */
export function buildStepGraph(base: GraphContext): void {
  const context = deviceContext(base);
  const { graph, geometry } = context;
  const { layers, vocabSize } = geometry;
  const step = stepInputs(context);
  let x = rowEmbeddings(context);
  const regions = new Map<number, Value>();
  for (let layer = 0; layer < layers; layer++) {
    const rows = (value: Value, axis: number) =>
      layer < layers - 1 ? value : graph.node('Gather', [value, step.readRows], { axis });
    const h = layerInput(context, layer, x);
    const parts = ownParts(context, layer, h, step, rows);
    const tables = { cos: rows(step.cos, 1), sin: rows(step.sin, 1) };
    const q = queries(context, layer, rows(h, 0), tables);
    const chosen = regions.get(layer - 1);
    const high = chosen === undefined ? chosen : highPart(context, layer, rows(chosen, 0), step, rows);
    const { out, weights } =
      high === undefined ? attendParts(context, q, parts) : maskedHighresAttention(context, q, parts, high);
    if (step.picture !== undefined && selectingLayers(geometry).includes(layer))
      regions.set(layer, selectRegions(context, layer, weights, step.picture));
    x = finishLayer(context, layer, rows(x, 0), out);
  }
  const logits = languageHead(context, narrow(context, rmsNorm(context, 'model.norm.weight', x)));
  graph.output('logits', logits, 'FLOAT', ['R', vocabSize]);
  if (regions.size > 0) {
    const shape = [regions.size, 'R', GRID ** 2];
    graph.output('regions', stackRegions(context, regions, step), 'FLOAT', shape);
  }
  graph.output('token', graph.node('ArgMax', [logits], { axis: 1, keepdims: 0 }), 'INT64', ['R']);
}

/** Regions bool [T, 81] of every layer, in the last layer [R, 81], as one table of the R rows: one copy to the host. */
function stackRegions(
  { graph, geometry }: DenseContext,
  regions: ReadonlyMap<number, Value>,
  { readRows }: Step,
): Value {
  const each = Array.from(regions, ([layer, chosen]) => {
    const flags = graph.node('Cast', [chosen], { to: FLOAT_CODE });
    const rows = layer < geometry.layers - 1 ? graph.node('Gather', [flags, readRows], { axis: 0 }) : flags;
    return graph.node('Unsqueeze', [rows, graph.ints([0])]);
  });
  return graph.node('Concat', each, { axis: 0 });
}

function stepInputs({ graph, geometry }: DenseContext): Step {
  const { headDim, size, selection } = geometry;
  const step: Step = {
    cos: graph.input('cos', 'FLOAT', [1, 'T', headDim / 2]),
    sin: graph.input('sin', 'FLOAT', [1, 'T', headDim / 2]),
    stemMask: graph.input('stemMask', 'FLOAT', ['T', 'C']),
    ownMask: graph.input('ownMask', 'FLOAT', ['T', 'G + T']),
    readRows: graph.input('readRows', 'INT64', ['R']),
  };
  if (selection === 'none') return step;
  const picture = {
    begin: graph.input('imageBegin', 'INT64', [1]),
    end: graph.input('imageEnd', 'INT64', [1]),
    keep: graph.input('keep', 'FLOAT', [size ** 2]),
    rowMask: graph.input('rowMask', 'FLOAT', ['T', 1]),
    regionOf: graph.input('regionOf', 'INT64', ['N']),
  };
  return { ...step, picture };
}

/** [T, hidden], 32-bit floats: rows of the embedding table, and the picture's features at its places. */
function rowEmbeddings(context: DenseContext): Value {
  const { graph, geometry, type } = context;
  const { vocabSize, hiddenSize, size } = geometry;
  const ids = graph.input('ids', 'INT64', ['T']);
  const isImage = graph.input('isImage', 'BOOL', ['T', 1]);
  const place = graph.input('imagePlace', 'INT64', ['T']);
  const low = graph.input('low', 'FLOAT', [size ** 2, hiddenSize]);
  const table = weightAs(context, type, EMBEDDINGS, [vocabSize, hiddenSize]);
  const text = widen(context, graph.node('Gather', [table, ids]));
  return graph.node('Where', [isImage, graph.node('Gather', [low, place]), text]);
}

/** The positions that a layer's rows attend to: the stem's, and the grown ones with the T new behind them. */
function ownParts(
  context: DenseContext,
  layer: number,
  h: Value,
  step: Step,
  rows: (value: Value, axis: number) => Value,
): KeyPart[] {
  const { graph, geometry, type } = context;
  const stem = keyValueInputs(context, layer, 'stem', 'C');
  const grown = keyValueInputs(context, layer, 'grown', 'G');
  const own = append(context, grown, keyValues(context, layer, h, step));
  const { kvHeads, headDim } = geometry;
  graph.output(`nextKT.${layer}`, own.kT, type, [kvHeads, 1, headDim, 'G + T']);
  graph.output(`nextV.${layer}`, own.v, type, [kvHeads, 1, 'G + T', headDim]);
  return [
    { ...stem, mask: rows(step.stemMask, 0) },
    { ...own, mask: rows(step.ownMask, 0) },
  ];
}

/** All high-res tokens, of which a high-res row sees the regions that the layer below selected for it. */
function highPart(
  context: DenseContext,
  layer: number,
  chosen: Value,
  { picture }: Step,
  rows: (value: Value, axis: number) => Value,
): KeyPart | undefined {
  const { graph, geometry } = context;
  if (picture === undefined || !attendingLayers(geometry).includes(layer)) return undefined;
  const open = graph.node('Where', [chosen, graph.floats([0]), graph.floats([MASKED])]);
  const byRegion = graph.node('Add', [open, rows(picture.rowMask, 0)]);
  const mask = graph.node('Gather', [byRegion, picture.regionOf], { axis: 1 });
  return { ...keyValueInputs(context, layer, 'high', 'N'), mask };
}

function keyValueInputs(
  { graph, geometry, type }: DenseContext,
  layer: number,
  name: string,
  positions: string,
): DenseKeyValues {
  const { kvHeads, headDim } = geometry;
  return {
    kT: graph.input(`${name}KT.${layer}`, type, [kvHeads, 1, headDim, positions]),
    v: graph.input(`${name}V.${layer}`, type, [kvHeads, 1, positions, headDim]),
  };
}
