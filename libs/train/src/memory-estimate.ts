import type { ModelShape, ParameterCounts } from './model-parameters.js';
import type { TrainSettings } from './settings.js';

/** The largest micro batch that one process computes. */
export interface MicroBatch {
  samples: number;
  /** T: positions of its longest sample, after cutting. */
  positions: number;
  /** R: rows that predict an answer token, of the sample with most. */
  answerRows: number;
}

/** Bytes of one process at the trainer's peak, with every sample as long as the longest and all regions picked. */
export interface MemoryEstimate {
  weights: number;
  gradients: number;
  optimiser: number;
  /** Kept for the backward pass and held beside it; the vision tower's own where that is more. */
  activations: number;
  total: number;
}

/** Bytes that a layer keeps for its backward pass, and that it holds besides while it works. */
interface Held {
  kept: number;
  working: number;
}

/** Bytes of a float32. Weights, gradients and AdamW's two moments are float32 whatever `precision` is. */
const FLOAT = 4;
/** Layers that FSDP2 holds whole at a time: the one that is computed and the one that is fetched for it. */
const GATHERED_LAYERS = 2;

/**
 * Memory of one process. Weights, gradients and the optimiser are 4 + 4 + 8 bytes a parameter, as ZeRO counts
 * (arXiv 1910.02054, section 3.1), and are divided by the processes where `sharding` is `full`, but for the vision
 * tower. Activations are counted tensor by tensor as autograd keeps them (the way of arXiv 2205.05198, section 4.1).
 */
export function estimateMemory(
  model: ModelShape,
  parameters: ParameterCounts,
  settings: TrainSettings,
  nodes: number,
  batch: MicroBatch,
): MemoryEstimate {
  const shards = settings.sharding === 'full' ? nodes * settings.processes : 1;
  const spread = (all: number, tower: number) => FLOAT * ((all - tower) / shards + tower);
  const weights = spread(parameters.all, parameters.tower);
  const gradients = spread(parameters.trained, parameters.trainedTower);
  const optimiser = 2 * gradients;
  const gathered = shards > 1 ? 2 * GATHERED_LAYERS * FLOAT * parameters.layer : 0;
  const decoder = decoderBytes(model, parameters, settings, batch) + gathered;
  const activations = Math.max(decoder, towerBytes(model, parameters, settings, batch));
  return { weights, gradients, optimiser, activations, total: weights + gradients + optimiser + activations };
}

/** The decoder's peak: what its layers keep, its inputs, the head, and the layer at work. */
function decoderBytes(
  model: ModelShape,
  parameters: ParameterCounts,
  settings: TrainSettings,
  batch: MicroBatch,
): number {
  const { highres, activationCheckpointing } = settings;
  const { num_hidden_layers: layers, hidden_size: hidden, vocab_size: vocab } = model;
  const product = productBytes(settings);
  const joint = highres ? Math.max(0, layers - 1 - model.selectFromLayer) : 0;
  const ordinary = ordinaryBytes(model, product, batch);
  const high = highres ? highResBytes(model, product, batch) : { kept: 0, working: 0 };
  const kept = layers * ordinary.kept + joint * high.kept;
  const boundaries = layers * FLOAT * batch.samples * batch.positions * hidden;
  // Under autocast each weight has a copy in the type of the products, which autograd keeps. With checkpointing it lasts
  // while its layer is computed, but until the forward pass ends where it is trained and the model is not spread.
  const copied = (weights: number) => (product === FLOAT ? 0 : product * weights);
  const copies = copied(parameters.all - parameters.tower);
  const trained = copied(parameters.trained - parameters.trainedTower);
  const cached = Math.max(copied(parameters.layer), settings.sharding === 'none' ? trained : 0);
  const stack = activationCheckpointing
    ? boundaries + Math.max(cached, ordinary.kept + high.kept)
    : kept + copies;
  const rows = batch.samples * batch.answerRows;
  // Logits in the type of the products and in float32, their log-softmax and its gradient.
  const head = rows * vocab * (3 * FLOAT + (product === FLOAT ? 0 : 2 * product));
  return highTokenBytes(model, settings, batch) + stack + Math.max(head, ordinary.working + high.working);
}

/** Bytes of an entry of a matrix product's operands. */
function productBytes({ precision }: Pick<TrainSettings, 'precision'>): number {
  return precision === 'float32' ? FLOAT : 2;
}

/**
 * What a layer keeps for its backward pass: two norms' inputs and outputs in float32, the inputs of seven projections,
 * q, k, v, attention's output, and four tensors of the SwiGLU. Autocast makes a copy of each projection's input. Held
 * while it works backward: the gradients of the SwiGLU's tensors.
 */
function ordinaryBytes(model: ModelShape, product: number, { samples, positions }: MicroBatch): Held {
  const { hidden_size: hidden, intermediate_size: inner } = model;
  const norms = 4 * FLOAT * hidden;
  const inputs = product === FLOAT ? 2 * FLOAT * hidden : 5 * product * hidden;
  const attention = product * (2 * hidden + 2 * keyValueSize(model));
  const rows = samples * positions;
  return {
    kept: rows * (norms + inputs + attention + product * 4 * inner),
    working: rows * product * 3 * inner,
  };
}

/**
 * A layer whose answer rows attend to high-resolution tokens. Kept: the joint softmax, the tokens' keys and values and
 * what these are projected from. Held while it works: scores before and after masking, and the softmax's gradient.
 */
function highResBytes(
  model: ModelShape,
  product: number,
  { samples, positions, answerRows }: MicroBatch,
): Held {
  const tokens = highTokens(model);
  const scores = samples * model.num_attention_heads * answerRows * (positions + tokens);
  const softmax = scores * (product === FLOAT ? FLOAT : FLOAT + product);
  const keysAndValues = samples * tokens * product * (2 * keyValueSize(model));
  const projected = product === FLOAT ? 0 : samples * tokens * 2 * product * model.hidden_size;
  const rows = samples * positions * model.hidden_size * product;
  return { kept: softmax + keysAndValues + projected + rows, working: 3 * FLOAT * scores };
}

/** The projected high-resolution tokens, which all layers share, and the features that they come from. */
function highTokenBytes(model: ModelShape, { highres }: TrainSettings, { samples }: MicroBatch): number {
  if (!highres) return 0;
  const { hidden_size: hidden, vision } = model;
  return samples * highTokens(model) * FLOAT * (hidden + vision.hidden_size);
}

/**
 * The vision tower at work on a micro batch of new pictures: a layer's tensors where it is frozen, those of all layers
 * for the low-resolution input where it is trained.
 */
function towerBytes(
  { vision, zoom }: ModelShape,
  { trainedTower }: ParameterCounts,
  settings: TrainSettings,
  { samples }: MicroBatch,
): number {
  const positions = (vision.image_size / vision.patch_size) ** 2 + 1;
  const product = productBytes(settings);
  const layer = positions * (4 * FLOAT * vision.hidden_size + product * 4 * vision.hidden_size);
  const mlp = positions * product * 3 * vision.intermediate_size;
  const tiles = settings.highres ? zoom ** 2 : 1;
  const kept = trainedTower > 0 ? vision.num_hidden_layers * (layer + mlp) : 0;
  const pixels = FLOAT * 3 * (zoom * vision.image_size) ** 2;
  return samples * (tiles * (layer + mlp) + kept + 2 * pixels);
}

/** Features of one picture as they are kept: low- and, with `highres`, high-resolution tokens in the products' type. */
export function pictureBytes(model: ModelShape, settings: TrainSettings): number {
  const low = highTokens(model) / model.zoom ** 2;
  const tokens = low + (settings.highres ? highTokens(model) : 0);
  return tokens * model.vision.hidden_size * productBytes(settings);
}

const highTokens = ({ vision, zoom }: ModelShape): number =>
  (zoom * (vision.image_size / vision.patch_size)) ** 2;

const keyValueSize = (model: ModelShape): number =>
  (model.hidden_size / model.num_attention_heads) * model.num_key_value_heads;
