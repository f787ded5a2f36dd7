/** What decides the cost of an item; names as in config.json. Those of a `ModelShape` of `@flexattn/train` will do. */
export interface CostedModel {
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  vocab_size: number;
  /** CLIP; `image_size` is the side of the low-resolution input, pixels. */
  vision: {
    hidden_size: number;
    intermediate_size: number;
    num_hidden_layers: number;
    patch_size: number;
    image_size: number;
  };
  /** Tiles along one side: high-resolution tokens for each low-resolution one. */
  zoom: number;
  /** The first layer that selects; those above it attend to what was selected. */
  selectFromLayer: number;
}

/**
 * What a model looks at. `plain`: one picture of `side` pixels, no high resolution. `selected`: `share` of the
 * high-resolution tokens, by the rows that predict. `every-row`: every row attends to all of them, in every layer: the
 * full cross-attention that the paper compares with.
 */
export type Looking =
  { kind: 'plain'; side?: number } | { kind: 'selected'; share: number } | { kind: 'every-row' };

/** A question: positions of text beside the picture's, and tokens of the answer. */
export interface Asked {
  text: number;
  answer: number;
}

/** Arithmetic operations (a multiply and an add are two), and bytes that must be read at least. */
export interface Cost {
  flops: number;
  bytes: number;
}

/** What an item costs: the first token of its answer with all that comes before, and every further token. */
export interface ItemCost {
  vision: Cost;
  /** Prompt and first row of logits. */
  prompt: Cost;
  /** Projecting and attending to high-resolution tokens, up to the first token of the answer. */
  highRes: Cost;
  /** Sum of the three. */
  first: Cost;
  /** Each further token, on average. */
  further: Cost;
  /** The whole answer: the first token, and the others. */
  total: Cost;
}

/** A multiply and an add: two operations, as papers count. */
const MULTIPLY_ADD = 2;
/** Layers of the tower whose output is not read: LLaVA takes the features before the last. */
const UNREAD_TOWER_LAYERS = 1;

/**
 * What an item costs by formulas, nothing reused from an item before. Bytes are weights, keys and values, each read once;
 * activations are left out. A selected token is projected once for each layer.
 *
 * @param elementBytes - of a weight, a key and a value: 2 for 16 bits
 */
export function itemCost(model: CostedModel, looking: Looking, asked: Asked, elementBytes = 2): ItemCost {
  const { vision, zoom, num_hidden_layers: layers } = model;
  const side = looking.kind === 'plain' ? (looking.side ?? vision.image_size) : vision.image_size;
  const lowTokens = (side / vision.patch_size) ** 2;
  const positions = lowTokens + asked.text;
  const tokens = zoom ** 2 * lowTokens;
  const tiles = looking.kind === 'plain' ? 1 : 1 + zoom ** 2;
  const high = looked(model, looking, tokens, positions);
  const bytes = (elements: number) => elements * elementBytes;
  const tower = { flops: tiles * pictureFlops(model, side), bytes: bytes(towerElements(model)) };
  const prompt = {
    flops: promptFlops(model, positions),
    bytes: bytes(decoderElements(model) + 2 * layers * keyValueSize(model) * positions),
  };
  const highRes = {
    flops: high.layers * highResFlops(model, high.tokens, high.rows),
    bytes: bytes(high.layers * (highWeights(model, high.tokens) + 2 * keyValueSize(model) * high.tokens)),
  };
  const first = sum(tower, prompt, highRes);
  const kept = positions + asked.answer / 2;
  const further = {
    flops: furtherFlops(model, kept, high.layers * high.tokens),
    bytes: bytes(
      decoderElements(model) + 2 * keyValueSize(model) * (layers * kept + high.layers * high.tokens),
    ),
  };
  const times = Math.max(0, asked.answer - 1);
  const total = sum(first, { flops: times * further.flops, bytes: times * further.bytes });
  return { vision: tower, prompt, highRes, first, further, total };
}

/** FLOPs of projecting `tokens` high-resolution tokens to keys and values, and of `rows` that attend to them, in a layer. */
export function highResFlops(model: CostedModel, tokens: number, rows: number): number {
  const { hidden_size: hidden } = model;
  return MULTIPLY_ADD * (2 * tokens * hidden * keyValueSize(model) + 2 * rows * tokens * hidden);
}

/** FLOPs of the decoder on a prompt of `positions`, and of one row of logits. Masked scores are computed, and counted. */
export function promptFlops(model: CostedModel, positions: number): number {
  const { num_hidden_layers: layers, hidden_size: hidden, vocab_size: vocabulary } = model;
  const attention = 2 * positions ** 2 * hidden;
  return MULTIPLY_ADD * (layers * (positions * layerElements(model) + attention) + hidden * vocabulary);
}

/** Elements of the decoder's matrices and of its head, which every token reads. */
export function decoderElements(model: CostedModel): number {
  return model.num_hidden_layers * layerElements(model) + model.hidden_size * model.vocab_size;
}

/** Elements of the vision tower as far as it is read, and of the projector behind it. */
export function towerElements({ vision, hidden_size: hidden }: CostedModel): number {
  const { hidden_size: own, intermediate_size: inner, num_hidden_layers: layers, patch_size: patch } = vision;
  const matrices = (layers - UNREAD_TOWER_LAYERS) * (4 * own ** 2 + 2 * own * inner);
  return matrices + 3 * patch ** 2 * own + own * hidden + hidden ** 2;
}

/** FLOPs of one picture of `side` pixels: patches, layers with the class token, projector (two matrices). */
function pictureFlops({ vision, hidden_size: hidden }: CostedModel, side: number): number {
  const { hidden_size: own, intermediate_size: inner, num_hidden_layers: layers, patch_size: patch } = vision;
  const patches = (side / patch) ** 2;
  const tokens = patches + 1;
  const layer = tokens * (4 * own ** 2 + 2 * own * inner) + 2 * tokens ** 2 * own;
  const projector = patches * (own * hidden + hidden ** 2);
  return MULTIPLY_ADD * ((layers - UNREAD_TOWER_LAYERS) * layer + patches * 3 * patch ** 2 * own + projector);
}

/** In how many layers how many rows attend to how many high-resolution tokens. */
function looked(model: CostedModel, looking: Looking, tokens: number, positions: number) {
  if (looking.kind === 'plain') return { layers: 0, tokens: 0, rows: 0 };
  if (looking.kind === 'every-row') return { layers: model.num_hidden_layers, tokens, rows: positions };
  return { layers: attendingLayers(model), tokens: looking.share * tokens, rows: 1 };
}

function furtherFlops(model: CostedModel, kept: number, highTokens: number): number {
  const attention = 2 * model.hidden_size * (model.num_hidden_layers * kept + highTokens);
  return MULTIPLY_ADD * (decoderElements(model) + attention);
}

/** Elements of `k_proj_hd` and `v_proj_hd` of all layers that attend to high-resolution tokens. */
export function highResElements(model: CostedModel): number {
  return attendingLayers(model) * 2 * model.hidden_size * keyValueSize(model);
}

/** The same of one layer; nothing where no token is projected. */
function highWeights(model: CostedModel, tokens: number): number {
  return tokens === 0 ? 0 : 2 * model.hidden_size * keyValueSize(model);
}

function attendingLayers({ num_hidden_layers: layers, selectFromLayer }: CostedModel): number {
  return Math.max(0, layers - 1 - selectFromLayer);
}

function layerElements(model: CostedModel): number {
  const { hidden_size: hidden, intermediate_size: inner } = model;
  return 2 * hidden ** 2 + 2 * hidden * keyValueSize(model) + 3 * hidden * inner;
}

/** Elements of the key of one position in one layer. */
function keyValueSize(model: CostedModel): number {
  return (model.hidden_size / model.num_attention_heads) * model.num_key_value_heads;
}

function sum(...costs: readonly Cost[]): Cost {
  return costs.reduce((all, { flops, bytes }) => ({ flops: all.flops + flops, bytes: all.bytes + bytes }), {
    flops: 0,
    bytes: 0,
  });
}
