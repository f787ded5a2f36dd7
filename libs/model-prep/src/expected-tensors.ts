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

/**
 * Every tensor that the configuration asks for is there in its shape, and the decoder has as many layers as it says.
 * High-resolution projections and biases may be absent; where one is there its shape counts too.
 *
 * @throws ModelPrepError TENSOR_MISSING, SHAPE_MISMATCH or LAYER_COUNT_MISMATCH, with expected and got
 */
export function checkTensors(config: LlavaConfig, tensors: Shapes): void {
  checkLayerCount(config, tensors);
  for (const [name, shape] of decoderShapes(config)) requireShape(tensors, name, shape);
  for (const [name, shape] of optionalShapes(config))
    if (tensors.has(name)) requireShape(tensors, name, shape);
  if (config.vision && [...tensors.keys()].some((name) => name.startsWith(VISION_PREFIX))) {
    for (const [name, shape] of visionShapes(config.vision)) requireShape(tensors, name, shape);
  }
}

function checkLayerCount(config: LlavaConfig, tensors: Shapes): void {
  const layers = new Set<number>();
  for (const name of tensors.keys()) {
    const index = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    if (index !== undefined) layers.add(Number(index));
  }
  const got = Math.max(-1, ...layers) + 1;
  if (got === config.num_hidden_layers) return;
  const what = `expected ${config.num_hidden_layers} decoder layers, the weights hold ${got}`;
  throw new ModelPrepError('LAYER_COUNT_MISMATCH', what, { file: 'config.json', item: 'num_hidden_layers' });
}

function requireShape(tensors: Shapes, name: string, expected: readonly number[]): void {
  const tensor = tensors.get(name);
  if (!tensor) {
    const what = `expected a tensor [${expected.join(', ')}], got none`;
    throw new ModelPrepError('TENSOR_MISSING', what, { item: name, hint: 'the checkpoint is incomplete' });
  }
  if (tensor.shape.length === expected.length && tensor.shape.every((n, i) => n === expected[i])) return;
  const what = `config.json asks for shape [${expected.join(', ')}], got [${tensor.shape.join(', ')}]`;
  throw new ModelPrepError('SHAPE_MISMATCH', what, { file: tensor.file, item: name });
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

function* optionalShapes(config: LlavaConfig): Generator<Shape> {
  const keyValue = keyValueSize(config);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    for (const [from, to] of HIGH_RES_PROJECTIONS) {
      const attention = `model.layers.${i}.self_attn.`;
      yield [`${attention}${from}.bias`, [keyValue]];
      yield [`${attention}${to}.weight`, [keyValue, config.hidden_size]];
      yield [`${attention}${to}.bias`, [keyValue]];
    }
  }
}

const keyValueSize = (config: LlavaConfig): number =>
  (config.hidden_size / config.num_attention_heads) * config.num_key_value_heads;

function* visionShapes(vision: VisionConfig): Generator<Shape> {
  const { hidden_size: hidden, intermediate_size: inner, patch_size: patch } = vision;
  const model = `${VISION_PREFIX}vision_model.`;
  yield [`${model}embeddings.class_embedding`, [hidden]];
  yield [`${model}embeddings.patch_embedding.weight`, [hidden, 3, patch, patch]];
  yield [`${model}embeddings.position_embedding.weight`, [(vision.image_size / patch) ** 2 + 1, hidden]];
  // Upstream's spelling.
  yield* affine(`${model}pre_layrnorm`, [hidden]);
  // The last layer is never run: the features are taken before it.
  for (let i = 0; i < vision.num_hidden_layers - 1; i++) {
    const layer = `${model}encoder.layers.${i}.`;
    for (const name of ['q', 'k', 'v', 'out'])
      yield* affine(`${layer}self_attn.${name}_proj`, [hidden, hidden]);
    yield* affine(`${layer}layer_norm1`, [hidden]);
    yield* affine(`${layer}mlp.fc1`, [inner, hidden]);
    yield* affine(`${layer}mlp.fc2`, [hidden, inner]);
    yield* affine(`${layer}layer_norm2`, [hidden]);
  }
}

function* affine(name: string, weight: [number, ...number[]]): Generator<Shape> {
  yield [`${name}.weight`, weight];
  yield [`${name}.bias`, [weight[0]]];
}
