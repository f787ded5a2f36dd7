import type { LlavaConfig, VisionConfig } from './llava-config.js';
import { ModelPrepError } from './errors.js';

/** Where the vision tower's tensors stand in a LLaVA checkpoint; its own file has them under `vision_model.`. */
export const VISION_PREFIX = 'model.vision_tower.vision_tower.';

/** Names that a tensor of the high-resolution projections is copied from and to. */
export const HIGH_RES_PROJECTIONS = [
  ['k_proj', 'k_proj_hd'],
  ['v_proj', 'v_proj_hd'],
] as const;

type Shapes = ReadonlyMap<string, { shape: readonly number[]; file: string }>;

/** How the tensors of a checkpoint differ from what its configuration asks for. */
export interface TensorIssues {
  missing: { name: string; expected: readonly number[] }[];
  misshapen: { name: string; file: string; expected: readonly number[]; got: readonly number[] }[];
  /** Names that the configuration does not ask for; nothing reads them. */
  extra: string[];
  /** Decoder layers that the weights hold. */
  layers: number;
}

/**
 * Compares the tensors with the configuration. High-resolution projections and biases may be absent; where one is
 * there its shape counts too.
 */
export function compareTensors(config: LlavaConfig, tensors: Shapes): TensorIssues {
  const issues: TensorIssues = { missing: [], misshapen: [], extra: [], layers: countLayers(tensors) };
  const known = new Set<string>();
  const compare = (name: string, expected: readonly number[], isOptional: boolean): void => {
    known.add(name);
    const tensor = tensors.get(name);
    if (!tensor) {
      if (!isOptional) issues.missing.push({ name, expected });
    } else if (tensor.shape.length !== expected.length || tensor.shape.some((n, i) => n !== expected[i])) {
      issues.misshapen.push({ name, file: tensor.file, expected, got: tensor.shape });
    }
  };
  for (const [name, shape] of decoderShapes(config)) compare(name, shape, false);
  for (const [name, shape] of biasShapes(config)) compare(name, shape, config.attention_bias !== true);
  for (const [name, shape] of highResShapes(config)) compare(name, shape, true);
  if (config.vision) {
    const isThere = [...tensors.keys()].some((name) => name.startsWith(VISION_PREFIX));
    for (const [name, shape] of visionShapes(config.vision)) compare(name, shape, !isThere);
    // Nothing reads these, so their shapes do not matter.
    for (const name of unusedVisionNames(config.vision)) known.add(name);
  }
  issues.extra = [...tensors.keys()].filter(
    (name) => !known.has(name) && (config.vision !== undefined || !name.startsWith(VISION_PREFIX)),
  );
  return issues;
}

/**
 * Every tensor that the configuration asks for is there in its shape, and the decoder has as many layers as it says.
 *
 * @param dir the checkpoint's folder, for messages
 * @throws ModelPrepError TENSOR_MISSING, SHAPE_MISMATCH, LAYER_COUNT_MISMATCH or BAD_CONFIG (attention_bias), with expected and got
 */
export function checkTensors(config: LlavaConfig, tensors: Shapes, dir: string): void {
  const { missing, misshapen, layers } = compareTensors(config, tensors);
  if (layers !== config.num_hidden_layers) {
    const what = `expected ${config.num_hidden_layers} decoder layers, the weights hold ${layers}`;
    const hint = 'the weights and this file are of different models, or a shard is missing';
    const file = `${dir}/config.json`;
    throw new ModelPrepError('LAYER_COUNT_MISMATCH', what, { file, item: 'num_hidden_layers', hint });
  }
  const bias = config.attention_bias === false && [...biasShapes(config)].find(([name]) => tensors.has(name));
  if (bias) {
    const hint = 'say true, or remove the biases from the weights';
    const what = `expected no biases, as attention_bias says, got ${bias[0]}`;
    throw new ModelPrepError('BAD_CONFIG', what, {
      file: `${dir}/config.json`,
      item: 'attention_bias',
      hint,
    });
  }
  const [absent] = missing;
  if (absent) {
    const what = `expected a tensor [${absent.expected.join(', ')}], got none`;
    const hint = 'the checkpoint is incomplete: fetch it again';
    throw new ModelPrepError('TENSOR_MISSING', what, { file: dir, item: absent.name, hint });
  }
  const [wrong] = misshapen;
  if (wrong) {
    const what = `config.json asks for shape [${wrong.expected.join(', ')}], got [${wrong.got.join(', ')}]`;
    const hint = 'the weights and config.json are of different models';
    const file = wrong.file.startsWith('/') ? wrong.file : `${dir}/${wrong.file}`;
    throw new ModelPrepError('SHAPE_MISMATCH', what, { file, item: wrong.name, hint });
  }
}

/** Decoder layers named in the weights: the highest index + 1. */
function countLayers(tensors: Shapes): number {
  let layers = 0;
  for (const name of tensors.keys()) {
    const index = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    if (index !== undefined) layers = Math.max(layers, Number(index) + 1);
  }
  return layers;
}

type Shape = [name: string, shape: number[]];

function* decoderShapes(config: LlavaConfig): Generator<Shape> {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocab } = config;
  const keyValue = keyValueSize(config);
  yield ['model.embed_tokens.weight', [vocab, hidden]];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}.`;
    yield [`${layer}self_attn.q_proj.weight`, [hidden, hidden]];
    yield [`${layer}self_attn.k_proj.weight`, [keyValue, hidden]];
    yield [`${layer}self_attn.v_proj.weight`, [keyValue, hidden]];
    yield [`${layer}self_attn.o_proj.weight`, [hidden, hidden]];
    yield [`${layer}mlp.gate_proj.weight`, [inner, hidden]];
    yield [`${layer}mlp.up_proj.weight`, [inner, hidden]];
    yield [`${layer}mlp.down_proj.weight`, [hidden, inner]];
    yield [`${layer}input_layernorm.weight`, [hidden]];
    yield [`${layer}post_attention_layernorm.weight`, [hidden]];
  }
  yield ['model.norm.weight', [hidden]];
  if (!config.tie_word_embeddings) yield ['lm_head.weight', [vocab, hidden]];
  if (config.vision) yield ['model.mm_projector.0.weight', [hidden, config.vision.hidden_size]];
  yield ['model.mm_projector.0.bias', [hidden]];
  yield ['model.mm_projector.2.weight', [hidden, hidden]];
  yield ['model.mm_projector.2.bias', [hidden]];
}

function* biasShapes(config: LlavaConfig): Generator<Shape> {
  const [hidden, keyValue] = [config.hidden_size, keyValueSize(config)];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const attention = `model.layers.${i}.self_attn.`;
    for (const name of ['q_proj', 'o_proj']) yield [`${attention}${name}.bias`, [hidden]];
    for (const name of ['k_proj', 'v_proj']) yield [`${attention}${name}.bias`, [keyValue]];
  }
}

function* highResShapes(config: LlavaConfig): Generator<Shape> {
  const keyValue = keyValueSize(config);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    for (const [, name] of HIGH_RES_PROJECTIONS) {
      yield [`model.layers.${i}.self_attn.${name}.weight`, [keyValue, config.hidden_size]];
      yield [`model.layers.${i}.self_attn.${name}.bias`, [keyValue]];
    }
  }
}

const keyValueSize = (config: LlavaConfig): number =>
  (config.hidden_size / config.num_attention_heads) * config.num_key_value_heads;

/** One layer of CLIP's encoder. */
function* visionLayer(vision: VisionConfig, i: number): Generator<Shape> {
  const { hidden_size: hidden, intermediate_size: inner } = vision;
  const layer = `${VISION_PREFIX}vision_model.encoder.layers.${i}.`;
  for (const name of ['q', 'k', 'v', 'out'])
    yield* affine(`${layer}self_attn.${name}_proj`, [hidden, hidden]);
  yield* affine(`${layer}layer_norm1`, [hidden]);
  yield* affine(`${layer}mlp.fc1`, [inner, hidden]);
  yield* affine(`${layer}mlp.fc2`, [hidden, inner]);
  yield* affine(`${layer}layer_norm2`, [hidden]);
}

/** What CLIP has and LLaVA does not run: the features are taken before the last layer. */
function unusedVisionNames(vision: VisionConfig): string[] {
  const last = [...visionLayer(vision, vision.num_hidden_layers - 1)].map(([name]) => name);
  const rest = ['post_layernorm.weight', 'post_layernorm.bias', 'embeddings.position_ids'];
  return [...last, ...rest.map((name) => `${VISION_PREFIX}vision_model.${name}`)];
}

const positions = (vision: VisionConfig): number => (vision.image_size / vision.patch_size) ** 2 + 1;

/**
 * Does inference ever read this tensor? Not the high-resolution projections of layers up to the first selecting one,
 * and nothing behind the vision layer that gives the features.
 */
export function isUsed(name: string, config: LlavaConfig): boolean {
  const layer = /^model\.layers\.(\d+)\.self_attn\.[kv]_proj_hd\./.exec(name)?.[1];
  // The published default, where config.json says nothing.
  if (layer !== undefined) return Number(layer) > (config.extra?.selectFromLayer ?? 8);
  if (!config.vision || !name.startsWith(VISION_PREFIX)) return true;
  return !unusedVisionNames(config.vision).includes(name);
}

function* visionShapes(vision: VisionConfig): Generator<Shape> {
  const { hidden_size: hidden, patch_size: patch } = vision;
  const model = `${VISION_PREFIX}vision_model.`;
  yield [`${model}embeddings.class_embedding`, [hidden]];
  yield [`${model}embeddings.patch_embedding.weight`, [hidden, 3, patch, patch]];
  yield [`${model}embeddings.position_embedding.weight`, [positions(vision), hidden]];
  // Upstream's spelling.
  yield* affine(`${model}pre_layrnorm`, [hidden]);
  for (let i = 0; i < vision.num_hidden_layers - 1; i++) yield* visionLayer(vision, i);
}

function* affine(name: string, weight: [number, ...number[]]): Generator<Shape> {
  yield [`${name}.weight`, weight];
  yield [`${name}.bias`, [weight[0]]];
}
