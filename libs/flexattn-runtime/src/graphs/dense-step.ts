import { selectingLayers } from '../geometry.js';
import type { Value } from '../onnx/graph.js';
import { attendParts, keyValues, queries } from './dense-attention.js';
import type { DenseKeyValues, KeyPart } from './dense-attention.js';
import { finishLayer, layerInput } from './dense-layer.js';
import { languageHead, narrow } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import { maskedHighresAttention, regionMask } from './masked-highres-attention.js';
import { rmsNorm } from './mlp.js';
import type { RotaryTables } from './rotary.js';
import { selectRegions } from './selection.js';
import type { ImageSpan } from './selection.js';

/** R high-res rows behind a past: the last row of a prompt, one new token, or a prompt's last row and many options. */
export interface DenseStepInput {
  /** [R, hidden], 32-bit floats. */
  x: Value;
  /** [1, R, headDim / 2]. */
  tables: RotaryTables;
  /** Which of the R rows see each other, additive, [R, R]; absent where R is 1. */
  mask?: Value;
  /** By layer: the stem, which every row sees. */
  stem: readonly DenseKeyValues[];
  /** By layer: positions behind the stem, which every row sees and which the step's own are appended to. */
  grown?: readonly DenseKeyValues[];
  /** Where the picture lies among the columns of stem, grown and own positions; absent with selection `none`. */
  span?: ImageSpan;
  /** By layer above F: all high-res tokens. */
  high: ReadonlyMap<number, DenseKeyValues>;
}

/** What a step yields. */
export interface DenseStepOutput {
  /** [R, vocab], 32-bit floats. */
  logits: Value;
  /** By selecting layer: bool [R, 81]. */
  regions: Value[];
  /** By layer: `grown` (if any) and the step's own positions. */
  keyValues: DenseKeyValues[];
}

/** All layers for R high-res rows, and their logits (SPEC section 4). It holds no state and waits for nothing. */
export function denseStep(context: DenseContext, input: DenseStepInput): DenseStepOutput {
  const { geometry } = context;
  const output: DenseStepOutput = { logits: '', regions: [], keyValues: [] };
  let { x } = input;
  for (let layer = 0; layer < geometry.layers; layer++) {
    const h = layerInput(context, layer, x);
    const own = append(context, input.grown?.[layer], keyValues(context, layer, h, input.tables));
    output.keyValues.push(own);
    const parts: KeyPart[] = [own];
    if (input.mask !== undefined) parts[0] = { ...own, mask: input.mask };
    const stem = input.stem[layer];
    if (stem !== undefined) parts.unshift(stem);
    const q = queries(context, layer, h, input.tables);
    const high = input.high.get(layer);
    const chosen = output.regions.at(-1);
    const { out, weights } =
      high === undefined || chosen === undefined
        ? attendParts(context, q, parts)
        : maskedHighresAttention(context, q, parts, { ...high, mask: regionMask(context, chosen) });
    if (input.span !== undefined && selectingLayers(geometry).includes(layer))
      output.regions.push(selectRegions(context, layer, weights, input.span));
    x = finishLayer(context, layer, x, out);
  }
  const normed = narrow(context, rmsNorm(context, 'model.norm.weight', x));
  return { ...output, logits: languageHead(context, normed) };
}

/** Positions one behind the other. */
export function append(
  { graph }: DenseContext,
  grown: DenseKeyValues | undefined,
  own: DenseKeyValues,
): DenseKeyValues {
  if (grown === undefined) return own;
  return {
    kT: graph.node('Concat', [grown.kT, own.kT], { axis: 3 }),
    v: graph.node('Concat', [grown.v, own.v], { axis: 2 }),
  };
}
