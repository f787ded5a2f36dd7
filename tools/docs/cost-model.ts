/** Sizes that decide what an item costs. Those of LLaVA-1.5-7B are in its config.json and CLIP ViT-L/14-336's. */
export interface ModelSizes {
  layers: number;
  hidden: number;
  intermediate: number;
  vocabulary: number;
  /** Vision tower: layers up to the one whose output is used. */
  visionLayers: number;
  visionHidden: number;
  visionIntermediate: number;
  patch: number;
  /** The last layer without high-resolution tokens. */
  firstSelectingLayer: number;
}

export const LLAVA_7B: ModelSizes = {
  layers: 32,
  hidden: 4096,
  intermediate: 11_008,
  vocabulary: 32_000,
  visionLayers: 23,
  visionHidden: 1024,
  visionIntermediate: 4096,
  patch: 14,
  firstSelectingLayer: 8,
};

/** A multiply and an add: two operations, as papers count. */
const MULTIPLY_ADD = 2;

/** FLOPs of one picture of `side` pixels: patches, layers with the class token, projector (two matrices). */
function pictureFlops(model: ModelSizes, side: number): number {
  const { visionHidden: hidden, visionIntermediate, visionLayers, patch } = model;
  const patches = (side / patch) ** 2;
  const tokens = patches + 1;
  const layer = tokens * (4 * hidden ** 2 + 2 * hidden * visionIntermediate) + 2 * tokens ** 2 * hidden;
  const embedding = patches * 3 * patch ** 2 * hidden;
  const projector = patches * (hidden * model.hidden + model.hidden ** 2);
  return MULTIPLY_ADD * (visionLayers * layer + embedding + projector);
}

/** FLOPs of the decoder on a prompt of `positions`, and of one row of logits. Masked scores are computed, and counted. */
export function promptFlops(
  { layers, hidden, intermediate, vocabulary }: ModelSizes,
  positions: number,
): number {
  const matrices = 4 * hidden ** 2 + 3 * hidden * intermediate;
  const attention = 2 * positions ** 2 * hidden;
  return MULTIPLY_ADD * (layers * (positions * matrices + attention) + hidden * vocabulary);
}

/** FLOPs of projecting `tokens` high-resolution tokens to keys and values, and of `rows` that attend to them, in a layer. */
export function highResFlops({ hidden }: ModelSizes, tokens: number, rows: number): number {
  return MULTIPLY_ADD * (2 * tokens * hidden ** 2 + 2 * rows * tokens * hidden);
}

/** FLOPs of the first token of an answer about a picture, by way of looking at it; `text` tokens stand beside it. */
export function itemFlops(model: ModelSizes, way: Way, text: number): number {
  if (way.kind === 'plain') {
    return pictureFlops(model, way.side) + promptFlops(model, (way.side / model.patch) ** 2 + text);
  }
  const low = way.side / way.zoom;
  const lowTokens = (low / model.patch) ** 2;
  const tiles = way.zoom ** 2 * pictureFlops(model, low);
  const tokens = way.zoom ** 2 * lowTokens;
  const plain = pictureFlops(model, low) + promptFlops(model, lowTokens + text);
  const high =
    way.kind === 'all'
      ? model.layers * highResFlops(model, tokens, lowTokens + text)
      : (model.layers - 1 - model.firstSelectingLayer) * highResFlops(model, way.share * tokens, 1);
  return plain + tiles + high;
}

/** `plain`: the picture in one piece; `flex`: `share` of the high-resolution tokens, one row; `all`: every row to all. */
export type Way =
  | { kind: 'plain'; side: number }
  | { kind: 'flex'; side: number; zoom: number; share: number }
  | { kind: 'all'; side: number; zoom: number };

/** Bytes of weights that one further token reads, at 2 bytes each: matrices of the layers, and the head. */
export function weightBytes({ layers, hidden, intermediate, vocabulary }: ModelSizes): number {
  return 2 * (layers * (4 * hidden ** 2 + 3 * hidden * intermediate) + hidden * vocabulary);
}
