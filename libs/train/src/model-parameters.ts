import type { LlavaConfig, VisionConfig } from '@flexattn/model-prep';
import { matchesName } from './name-pattern.js';
import type { TrainSettings } from './settings.js';

/** What decides which parameters the trainer's model has; keys as in config.json. */
export interface ModelShape extends Pick<
  LlavaConfig,
  | 'hidden_size'
  | 'intermediate_size'
  | 'num_hidden_layers'
  | 'num_attention_heads'
  | 'num_key_value_heads'
  | 'vocab_size'
> {
  vision: VisionConfig;
  /** The head is the embedding: there is no `lm_head.weight`. */
  tied: boolean;
  /** Projections of the decoder that have a bias. */
  biases: ReadonlySet<string>;
  /** High-resolution tokens along one side for each low-resolution one: 3. */
  zoom: number;
  /** The first layer that selects; those above it have `k_proj_hd` and `v_proj_hd`. */
  selectFromLayer: number;
}

/** A parameter of the trainer's model, named as in the checkpoint. */
export interface Parameter {
  name: string;
  shape: readonly number[];
}

/** Elements of each part of the model. */
export interface ParameterCounts {
  all: number;
  trained: number;
  /** Of the vision tower, which every process holds whole. */
  tower: number;
  trainedTower: number;
  /** Of the largest decoder layer. */
  layer: number;
}

/** What the names of the vision tower's parameters begin with. */
export const TOWER = 'model.vision_tower.vision_tower.vision_model.';
/** Layers of the tower whose hidden state is not read: LLaVA takes the features before the last. */
const UNREAD_TOWER_LAYERS = 1;

/** Every parameter of the model that the trainer builds; tensors of the checkpoint that it never reads are not there. */
export function modelParameters(
  model: ModelShape,
  { highres, lora }: Pick<TrainSettings, 'highres' | 'lora'>,
): Parameter[] {
  const { hidden_size: hidden, vocab_size: vocab, vision } = model;
  const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => [
    ...decoderLayer(model, layer, highres && layer > model.selectFromLayer, lora),
  ]);
  return [
    { name: 'model.embed_tokens.weight', shape: [vocab, hidden] },
    ...layers.flat(),
    { name: 'model.norm.weight', shape: [hidden] },
    ...affine('model.mm_projector.0', [hidden, vision.hidden_size]),
    ...affine('model.mm_projector.2', [hidden, hidden]),
    ...towerParameters(vision),
    ...(model.tied ? [] : [{ name: 'lm_head.weight', shape: [vocab, hidden] }]),
  ];
}

function* decoderLayer(
  model: ModelShape,
  layer: number,
  highres: boolean,
  lora: TrainSettings['lora'],
): Generator<Parameter> {
  const { hidden_size: hidden, intermediate_size: inner, biases } = model;
  const keyValue = (hidden / model.num_attention_heads) * model.num_key_value_heads;
  const projections: [block: string, name: string, out: number, into: number][] = [
    ['self_attn', 'q_proj', hidden, hidden],
    ['self_attn', 'k_proj', keyValue, hidden],
    ['self_attn', 'v_proj', keyValue, hidden],
    ['self_attn', 'o_proj', hidden, hidden],
    ...(highres ? (['k_proj_hd', 'v_proj_hd'] as const) : []).map(
      (name): [string, string, number, number] => ['self_attn', name, keyValue, hidden],
    ),
    ['mlp', 'gate_proj', inner, hidden],
    ['mlp', 'up_proj', inner, hidden],
    ['mlp', 'down_proj', hidden, inner],
  ];
  const prefix = `model.layers.${layer}`;
  for (const [block, projection, out, into] of projections) {
    const name = `${prefix}.${block}.${projection}`;
    yield { name: `${name}.weight`, shape: [out, into] };
    if (biases.has(projection)) yield { name: `${name}.bias`, shape: [out] };
    if (lora?.targets.includes(projection) === true) {
      yield { name: `${name}.lora_a`, shape: [lora.rank, into] };
      yield { name: `${name}.lora_b`, shape: [out, lora.rank] };
    }
  }
  for (const norm of ['input_layernorm', 'post_attention_layernorm'])
    yield { name: `${prefix}.${norm}.weight`, shape: [hidden] };
}

function* towerParameters(vision: VisionConfig): Generator<Parameter> {
  const { hidden_size: hidden, intermediate_size: inner, patch_size: patch } = vision;
  const positions = (vision.image_size / patch) ** 2 + 1;
  yield { name: `${TOWER}embeddings.class_embedding`, shape: [hidden] };
  yield { name: `${TOWER}embeddings.patch_embedding.weight`, shape: [hidden, 3, patch, patch] };
  yield { name: `${TOWER}embeddings.position_embedding.weight`, shape: [positions, hidden] };
  yield* affine(`${TOWER}pre_layrnorm`, [hidden]);
  for (let i = 0; i < vision.num_hidden_layers - UNREAD_TOWER_LAYERS; i += 1) {
    const layer = `${TOWER}encoder.layers.${i}`;
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      yield* affine(`${layer}.self_attn.${name}`, [hidden, hidden]);
    for (const name of ['layer_norm1', 'layer_norm2']) yield* affine(`${layer}.${name}`, [hidden]);
    yield* affine(`${layer}.mlp.fc1`, [inner, hidden]);
    yield* affine(`${layer}.mlp.fc2`, [hidden, inner]);
  }
}

function affine(name: string, shape: [number, ...number[]]): Parameter[] {
  return [
    { name: `${name}.weight`, shape },
    { name: `${name}.bias`, shape: [shape[0]] },
  ];
}

/** Whether a parameter is trained: `train` names it and `freeze` does not, as the trainer's `choose_parameters`. */
export function isTrained(name: string, { train, freeze }: Pick<TrainSettings, 'train' | 'freeze'>): boolean {
  const isNamed = (patterns: readonly string[]) => patterns.some((pattern) => matchesName(pattern, name));
  return isNamed(train) && !isNamed(freeze);
}

/** How many parameters there are and how many the settings train. */
export function countParameters(parameters: readonly Parameter[], settings: TrainSettings): ParameterCounts {
  const counts = { all: 0, trained: 0, tower: 0, trainedTower: 0, layer: 0 };
  const layers = new Map<string, number>();
  for (const { name, shape } of parameters) {
    const elements = shape.reduce((product, size) => product * size, 1);
    const trained = isTrained(name, settings) ? elements : 0;
    counts.all += elements;
    counts.trained += trained;
    if (name.startsWith(TOWER)) {
      counts.tower += elements;
      counts.trainedTower += trained;
    }
    const layer = /^model\.layers\.\d+\./.exec(name)?.[0];
    if (layer !== undefined) layers.set(layer, (layers.get(layer) ?? 0) + elements);
  }
  return { ...counts, layer: Math.max(0, ...layers.values()) };
}

/** Why the trainer would refuse these settings for a model of these parameters; undefined where it would not. */
export function patternProblem(
  parameters: readonly Parameter[],
  settings: TrainSettings,
): string | undefined {
  const { train, freeze, learningRates, lora } = settings;
  const patterns = { train, freeze, learningRates: Object.keys(learningRates) };
  for (const [setting, list] of Object.entries(patterns)) {
    const idle = list.find((pattern) => !parameters.some(({ name }) => matchesName(pattern, name)));
    if (idle !== undefined) return `${setting}: "${idle}" names no parameter of this model`;
  }
  const target = lora?.targets.find((name) => !parameters.some((p) => p.name.endsWith(`.${name}.lora_a`)));
  if (target !== undefined) return `lora.targets: no projection of the decoder is called "${target}"`;
  if (!parameters.some(({ name }) => isTrained(name, settings)))
    return 'train and freeze leave no parameter to train';
  return undefined;
}
