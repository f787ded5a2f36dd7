import { writeSafetensors, type Tensor } from '@flexattn/model-prep';
import { createRandom } from './random.js';
import { buildTokenizer, buildTokenizerConfig, vocabularySize } from './tokenizer.js';
import type { WorldFile } from './world-file.js';

/** Sizes of the tiny LLaVA. */
const HIDDEN = 96;
const INTERMEDIATE = 256;
const LAYERS = 5;
const HEADS = 4;
const VISION = 64;
const VISION_INTERMEDIATE = 256;
/** LLaVA reads the hidden state before the last layer, so two of the three are used. */
const VISION_LAYERS = 3;
const PATCH = 7;
const LOW = 63;
const ZOOM = 3;
const PATCHES = (LOW / PATCH) ** 2;

/** `config.json` in the layout of LLaVA-1.5 with FlexAttention's `extra` (numbers are strings in real files). */
function buildConfig(): object {
  return {
    architectures: ['LlavaLlamaForCausalLM'],
    bos_token_id: 1,
    eos_token_id: 2,
    extra: {
      highres_size: String(LOW * ZOOM),
      lowres_size: String(LOW),
      select_from_layer: '1',
      threshold: '48',
      warmup: '10',
      zoom_ratio: String(ZOOM),
    },
    freeze_mm_mlp_adapter: false,
    hidden_act: 'silu',
    hidden_size: HIDDEN,
    image_aspect_ratio: 'pad',
    initializer_range: 0.02,
    intermediate_size: INTERMEDIATE,
    max_position_embeddings: 2048,
    mm_hidden_size: VISION,
    mm_projector_type: 'mlp2x_gelu',
    mm_use_im_patch_token: false,
    mm_use_im_start_end: false,
    mm_vision_select_feature: 'patch',
    mm_vision_select_layer: -2,
    mm_vision_tower: 'clip',
    model_type: 'llava',
    num_attention_heads: HEADS,
    num_hidden_layers: LAYERS,
    num_key_value_heads: HEADS,
    pad_token_id: 0,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: false,
    torch_dtype: 'float32',
    tune_mm_mlp_adapter: false,
    use_cache: true,
    use_mm_proj: true,
    vocab_size: vocabularySize(),
  };
}

/** `clip/config.json`: the vision tower's own. */
function buildVisionConfig(): object {
  return {
    architectures: ['CLIPVisionModel'],
    attention_dropout: 0,
    hidden_act: 'quick_gelu',
    hidden_size: VISION,
    image_size: LOW,
    intermediate_size: VISION_INTERMEDIATE,
    layer_norm_eps: 1e-5,
    model_type: 'clip_vision_model',
    num_attention_heads: HEADS,
    num_channels: 3,
    num_hidden_layers: VISION_LAYERS,
    patch_size: PATCH,
    projection_dim: VISION,
    torch_dtype: 'float32',
  };
}

/** Where a tensor begins: uniform noise of this standard deviation around 0, or one value everywhere. */
type Start = { readonly noise: number } | { readonly value: number };
type Spec = readonly [name: string, shape: readonly number[], start: Start];

const ones: Start = { value: 1 };
const zeros: Start = { value: 0 };

/** A matrix whose output has about the variance of its input, times gain^2. */
const matrix = (name: string, out: number, into: number, gain = 1): Spec => [
  `${name}.weight`,
  [out, into],
  { noise: gain / Math.sqrt(into) },
];

/** A matrix with a bias (CLIP's and the projector's have one, LLaMA's have not). */
const linear = (name: string, out: number, into: number, gain = 1): Spec[] => [
  matrix(name, out, into, gain),
  [`${name}.bias`, [out], zeros],
];

const layerNorm = (name: string): Spec[] => [
  [`${name}.weight`, [VISION], ones],
  [`${name}.bias`, [VISION], zeros],
];

/** One decoder layer; what it adds to the stream is small at first, the smaller the more layers there are. */
function decoderLayer(layer: number): Spec[] {
  const at = `model.layers.${layer}`;
  const small = 1 / Math.sqrt(2 * LAYERS);
  return [
    ...['q_proj', 'k_proj', 'v_proj'].map((name) => matrix(`${at}.self_attn.${name}`, HIDDEN, HIDDEN)),
    matrix(`${at}.self_attn.o_proj`, HIDDEN, HIDDEN, small),
    matrix(`${at}.mlp.gate_proj`, INTERMEDIATE, HIDDEN),
    matrix(`${at}.mlp.up_proj`, INTERMEDIATE, HIDDEN),
    matrix(`${at}.mlp.down_proj`, HIDDEN, INTERMEDIATE, small),
    [`${at}.input_layernorm.weight`, [HIDDEN], ones],
    [`${at}.post_attention_layernorm.weight`, [HIDDEN], ones],
  ];
}

/** The first shard holds embeddings and layers, the second what comes after them, as in a large model. */
function decoderShards(): Spec[][] {
  const layers = Array.from({ length: LAYERS }, (_, layer) => decoderLayer(layer)).flat();
  const half = Math.ceil(LAYERS / 2) * (layers.length / LAYERS);
  return [
    [['model.embed_tokens.weight', [vocabularySize(), HIDDEN], { noise: 0.5 }], ...layers.slice(0, half)],
    [
      ...layers.slice(half),
      ['model.norm.weight', [HIDDEN], ones],
      ...linear('model.mm_projector.0', HIDDEN, VISION),
      ...linear('model.mm_projector.2', HIDDEN, HIDDEN, 0.7),
      matrix('lm_head', vocabularySize(), HIDDEN),
    ],
  ];
}

/** The vision tower under the names of a CLIP checkpoint (`pre_layrnorm` is the published spelling). */
function visionTower(): Spec[] {
  const layers = Array.from({ length: VISION_LAYERS }, (_, layer) => {
    const at = `vision_model.encoder.layers.${layer}`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((name) =>
        linear(`${at}.self_attn.${name}`, VISION, VISION),
      ),
      ...layerNorm(`${at}.layer_norm1`),
      ...linear(`${at}.mlp.fc1`, VISION_INTERMEDIATE, VISION),
      ...linear(`${at}.mlp.fc2`, VISION, VISION_INTERMEDIATE),
      ...layerNorm(`${at}.layer_norm2`),
    ];
  });
  const embeddings = 'vision_model.embeddings';
  return [
    [`${embeddings}.class_embedding`, [VISION], { noise: 0.1 }],
    [
      `${embeddings}.patch_embedding.weight`,
      [VISION, 3, PATCH, PATCH],
      { noise: 1 / Math.sqrt(3 * PATCH * PATCH) },
    ],
    [`${embeddings}.position_embedding.weight`, [PATCHES + 1, VISION], { noise: 0.2 }],
    ...layerNorm('vision_model.pre_layrnorm'),
    ...layers.flat(),
    ...layerNorm('vision_model.post_layernorm'),
  ];
}

/** Float32 data of one tensor; each has a random stream of its own. */
function fillTensor(seed: number, [name, shape, start]: Spec): Tensor {
  const random = createRandom(seed, `weights/${name}`);
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  // A uniform number in [-1, 1) has a standard deviation of 1 / sqrt(3).
  const draw =
    'value' in start
      ? () => start.value
      : () => (random.below(2 ** 24) / 2 ** 23 - 1) * start.noise * Math.sqrt(3);
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return { dtype: 'F32', shape: [...shape], data: new Uint8Array(values.buffer) };
}

const jsonFile = (path: string, value: unknown): WorldFile => ({
  path,
  bytes: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
});

const shardName = (shard: number, shards: number): string =>
  `model-${String(shard + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;

/** `model.safetensors.index.json`: which shard holds which tensor. */
function buildIndex(shards: readonly (readonly Spec[])[]): object {
  const weightMap = shards.flatMap((specs, i) => specs.map(([name]) => [name, shardName(i, shards.length)]));
  const sizes = shards.flat().map(([, shape]) => 4 * shape.reduce((product, n) => product * n, 1));
  return {
    metadata: { total_size: sizes.reduce((sum, size) => sum + size, 0) },
    weight_map: Object.fromEntries(weightMap) as unknown,
  };
}

/** The base's files that training leaves alone: configuration, tokenizer, index of the shards. */
export function buildBaseTexts(): WorldFile[] {
  return [
    jsonFile('base/config.json', buildConfig()),
    jsonFile('base/generation_config.json', {
      bos_token_id: 1,
      eos_token_id: 2,
      max_length: 512,
      pad_token_id: 0,
    }),
    jsonFile('base/tokenizer.json', buildTokenizer()),
    jsonFile('base/tokenizer_config.json', buildTokenizerConfig()),
    jsonFile('base/model.safetensors.index.json', buildIndex(decoderShards())),
    jsonFile('base/clip/config.json', buildVisionConfig()),
  ];
}

/** The base's weights before its first step of training. */
export function buildUntrainedWeights(seed: number): WorldFile[] {
  const write = (specs: readonly Spec[]): Uint8Array =>
    writeSafetensors(new Map(specs.map((spec) => [spec[0], fillTensor(seed, spec)])), { format: 'pt' });
  const shards = decoderShards();
  return [
    ...shards.map((specs, i) => ({ path: `base/${shardName(i, shards.length)}`, bytes: write(specs) })),
    { path: 'base/clip/model.safetensors', bytes: write(visionTower()) },
  ];
}
