import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../tiny/random.js';

/** Sizes of a LLaVA checkpoint with CLIP at 336 px and FlexAttention at 1008 px. */
export interface CheckpointSizes {
  hidden: number;
  intermediate: number;
  layers: number;
  heads: number;
  vocab: number;
  /** Side of the high-resolution input in sides of the low one; default 3. */
  zoom?: number;
  vision: { hidden: number; intermediate: number; layers: number; heads: number };
}

/** The model of the speed table: CLIP 6 layers x 384, LLaMA 16 layers x 512. */
export const MINI: CheckpointSizes = {
  hidden: 512,
  intermediate: 1376,
  layers: 16,
  heads: 8,
  vocab: 32_000,
  vision: { hidden: 384, intermediate: 1536, layers: 6, heads: 6 },
};

/** LLaVA-1.5-7B. */
export const SEVEN_BILLION: CheckpointSizes = {
  hidden: 4096,
  intermediate: 11_008,
  layers: 32,
  heads: 32,
  vocab: 32_000,
  vision: { hidden: 1024, intermediate: 4096, layers: 24, heads: 16 },
};

/** LLaVA-1.5-13B. */
export const THIRTEEN_BILLION: CheckpointSizes = {
  ...SEVEN_BILLION,
  hidden: 5120,
  intermediate: 13_824,
  layers: 40,
  heads: 40,
};

const PATCH = 14;
const LOW = 336;
const ZOOM = 3;
const TOWER = 'model.vision_tower.vision_tower.vision_model';

interface Tensor {
  name: string;
  shape: number[];
}

/**
 * Writes a checkpoint of these sizes: one `model.safetensors` of random weights, or, where `spread` is 0, of zeros
 * that take no room on the disk (a sparse file).
 *
 * @param dtype - of the file; random weights are F32
 * @param spread - standard deviation of a matrix's elements
 */
export async function writeRandomCheckpoint(
  dir: string,
  sizes: CheckpointSizes,
  { seed, spread, dtype = 'F32' }: { seed: number; spread: number; dtype?: 'F32' | 'F16' },
): Promise<void> {
  await mkdir(join(dir, 'clip'), { recursive: true });
  await writeFile(join(dir, 'config.json'), JSON.stringify(decoderConfig(sizes), null, 2));
  await writeFile(join(dir, 'clip/config.json'), JSON.stringify(visionConfig(sizes), null, 2));
  const tensors = [...decoderTensors(sizes), ...visionTensors(sizes)];
  const file = await open(join(dir, 'model.safetensors'), 'w');
  try {
    let at = 0;
    const header: Record<string, object> = {};
    for (const { name, shape } of tensors) {
      const end = at + elements(shape) * (dtype === 'F32' ? 4 : 2);
      header[name] = { dtype, shape, data_offsets: [at, end] };
      at = end;
    }
    const text = Buffer.from(JSON.stringify(header));
    const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(padded.length));
    await file.write(Buffer.concat([length, padded]));
    if (spread === 0) await file.truncate(8 + padded.length + at);
    else for (const tensor of tensors) await file.write(randomValues(tensor, seed, spread));
  } finally {
    await file.close();
  }
}

/** Uniform numbers of the given spread for matrices, 1 for norms, 0 for biases. */
function randomValues({ name, shape }: Tensor, seed: number, spread: number): Float32Array {
  const values = new Float32Array(elements(shape));
  if (shape.length === 1) return values.fill(name.endsWith('.bias') ? 0 : 1);
  // An integer of 24 bits is exact in a double and in a float: the same bytes on every machine.
  const random = createRandom(seed, name);
  const scale = (2 * Math.sqrt(3) * spread) / 2 ** 24;
  for (let i = 0; i < values.length; i++) values[i] = (random.below(2 ** 24) - 2 ** 23) * scale;
  return values;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function decoderConfig(sizes: CheckpointSizes): object {
  const { hidden, intermediate, layers, heads, vocab, vision, zoom = ZOOM } = sizes;
  return {
    model_type: 'llava_llama',
    architectures: ['LlavaLlamaForCausalLM'],
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    vocab_size: vocab,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    max_position_embeddings: 4096,
    bos_token_id: 1,
    eos_token_id: 2,
    pad_token_id: 0,
    hidden_act: 'silu',
    mm_vision_tower: 'clip',
    mm_projector_type: 'mlp2x_gelu',
    mm_hidden_size: vision.hidden,
    mm_vision_select_layer: -2,
    mm_vision_select_feature: 'patch',
    image_aspect_ratio: 'pad',
    tie_word_embeddings: false,
    torch_dtype: 'float32',
    extra: {
      zoom_ratio: String(zoom),
      warmup: '10',
      lowres_size: String(LOW),
      highres_size: String(LOW * zoom),
      threshold: '48',
    },
  };
}

function visionConfig({ vision }: CheckpointSizes): object {
  return {
    model_type: 'clip_vision_model',
    hidden_size: vision.hidden,
    intermediate_size: vision.intermediate,
    num_hidden_layers: vision.layers,
    num_attention_heads: vision.heads,
    patch_size: PATCH,
    image_size: LOW,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
  };
}

function decoderTensors({ hidden, intermediate, layers, vocab, vision }: CheckpointSizes): Tensor[] {
  const square = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'k_proj_hd', 'v_proj_hd'];
  return [
    { name: 'model.embed_tokens.weight', shape: [vocab, hidden] },
    ...Array.from({ length: layers }, (_, layer): Tensor[] => {
      const name = `model.layers.${layer}`;
      return [
        { name: `${name}.input_layernorm.weight`, shape: [hidden] },
        ...square.map((part) => ({ name: `${name}.self_attn.${part}.weight`, shape: [hidden, hidden] })),
        { name: `${name}.post_attention_layernorm.weight`, shape: [hidden] },
        { name: `${name}.mlp.gate_proj.weight`, shape: [intermediate, hidden] },
        { name: `${name}.mlp.up_proj.weight`, shape: [intermediate, hidden] },
        { name: `${name}.mlp.down_proj.weight`, shape: [hidden, intermediate] },
      ];
    }).flat(),
    { name: 'model.norm.weight', shape: [hidden] },
    { name: 'lm_head.weight', shape: [vocab, hidden] },
    { name: 'model.mm_projector.0.weight', shape: [hidden, vision.hidden] },
    { name: 'model.mm_projector.0.bias', shape: [hidden] },
    { name: 'model.mm_projector.2.weight', shape: [hidden, hidden] },
    { name: 'model.mm_projector.2.bias', shape: [hidden] },
  ];
}

function visionTensors({ vision: { hidden, intermediate, layers } }: CheckpointSizes): Tensor[] {
  const pair = (name: string, ...shape: number[]): Tensor[] => [
    { name: `${name}.weight`, shape },
    { name: `${name}.bias`, shape: shape.slice(0, 1) },
  ];
  return [
    { name: `${TOWER}.embeddings.class_embedding`, shape: [hidden] },
    { name: `${TOWER}.embeddings.patch_embedding.weight`, shape: [hidden, 3, PATCH, PATCH] },
    { name: `${TOWER}.embeddings.position_embedding.weight`, shape: [(LOW / PATCH) ** 2 + 1, hidden] },
    ...pair(`${TOWER}.pre_layrnorm`, hidden),
    ...Array.from({ length: layers }, (_, layer) => {
      const name = `${TOWER}.encoder.layers.${layer}`;
      return [
        ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((part) =>
          pair(`${name}.self_attn.${part}`, hidden, hidden),
        ),
        ...pair(`${name}.layer_norm1`, hidden),
        ...pair(`${name}.layer_norm2`, hidden),
        ...pair(`${name}.mlp.fc1`, intermediate, hidden),
        ...pair(`${name}.mlp.fc2`, hidden, intermediate),
      ];
    }).flat(),
    ...pair(`${TOWER}.post_layernorm`, hidden),
  ];
}
