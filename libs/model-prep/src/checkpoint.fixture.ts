import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Dtype } from './dtype.js';
import type { Tensor } from './float32.js';
import { writeSafetensors } from './safetensors-writer.js';
import { torchWeights } from './torch-file.fixture.js';
import { WEIGHT_NAMES } from './weight-index.js';
import type { WeightFormat } from './weight-index.js';

/** A LLaVA of eleven small layers with two key-value heads for four query heads. */
export const CONFIG = {
  model_type: 'llava_llama',
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 11,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 16,
  rms_norm_eps: 1e-5,
  mm_vision_tower: 'clip',
};

/** Its vision tower. */
export const VISION = {
  hidden_size: 4,
  intermediate_size: 6,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  patch_size: 2,
  image_size: 6,
};

/** FlexAttention's settings for it, as in files. */
export const EXTRA = { lowres_size: '6', highres_size: '18', zoom_ratio: '3', threshold: '48', warmup: '10' };

/** Tensors by name. */
export type Tensors = Map<string, Tensor>;

/** The tensors with a copy of every `k_proj` and `v_proj` that `choose` takes. */
export function withHighRes(tensors: Tensors, choose: (name: string) => boolean = () => true): Tensors {
  const copies = [...tensors].filter(
    ([name]) => /^model\.layers\.\d+\.self_attn\.[kv]_proj\./.test(name) && choose(name),
  );
  return new Map([
    ...tensors,
    ...copies.map(([name, value]) => [name.replace('_proj.', '_proj_hd.'), value] as const),
  ]);
}

/** The decoder's and the projector's tensors of `CONFIG`; every byte depends on name and place. */
export function decoderTensors({
  dtype = 'F16',
  bias = false,
}: { dtype?: Dtype; bias?: boolean } = {}): Tensors {
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [16, 8]]];
  for (let i = 0; i < CONFIG.num_hidden_layers; i++) {
    const attention = `model.layers.${i}.self_attn.`;
    for (const name of ['k_proj', 'v_proj']) {
      shapes.push([`${attention}${name}.weight`, [4, 8]]);
      if (bias) shapes.push([`${attention}${name}.bias`, [4]]);
    }
    for (const name of ['q_proj', 'o_proj']) shapes.push([`${attention}${name}.weight`, [8, 8]]);
    for (const name of ['gate_proj', 'up_proj'])
      shapes.push([`model.layers.${i}.mlp.${name}.weight`, [12, 8]]);
    shapes.push([`model.layers.${i}.mlp.down_proj.weight`, [8, 12]]);
    for (const name of ['input', 'post_attention'])
      shapes.push([`model.layers.${i}.${name}_layernorm.weight`, [8]]);
  }
  shapes.push(['model.norm.weight', [8]], ['lm_head.weight', [16, 8]]);
  shapes.push(['model.mm_projector.0.weight', [8, 4]], ['model.mm_projector.2.weight', [8, 8]]);
  shapes.push(['model.mm_projector.0.bias', [8]], ['model.mm_projector.2.bias', [8]]);
  return new Map(shapes.map(([name, shape]) => [name, tensor(name, shape, dtype)]));
}

/** A checkpoint of two layers, the second of which selects: enough to meet every call on files. */
export const twoLayers = (): CheckpointParts => ({
  config: { ...CONFIG, num_hidden_layers: 2 },
  tensors: new Map([...decoderTensors()].filter(([name]) => !/layers\.([2-9]|10)\./.test(name))),
});
/** What FlexAttention adds to its config.json. */
export const TWO_LAYERS_EXTRA = { ...EXTRA, select_from_layer: '1' };

/** The vision tower's tensors of `VISION`, as its own file names them. */
export function visionTensors(prefix = ''): Tensors {
  const layer = 'vision_model.encoder.layers.0.';
  const shapes: [string, number[]][] = [
    ['vision_model.embeddings.class_embedding', [4]],
    ['vision_model.embeddings.patch_embedding.weight', [4, 3, 2, 2]],
    ['vision_model.embeddings.position_embedding.weight', [10, 4]],
    ['vision_model.pre_layrnorm.weight', [4]],
    ['vision_model.pre_layrnorm.bias', [4]],
    [`${layer}mlp.fc1.weight`, [6, 4]],
    [`${layer}mlp.fc1.bias`, [6]],
    [`${layer}mlp.fc2.weight`, [4, 6]],
    [`${layer}mlp.fc2.bias`, [4]],
  ];
  for (const name of ['q', 'k', 'v', 'out']) {
    shapes.push(
      [`${layer}self_attn.${name}_proj.weight`, [4, 4]],
      [`${layer}self_attn.${name}_proj.bias`, [4]],
    );
  }
  for (const name of ['layer_norm1', 'layer_norm2']) {
    shapes.push([`${layer}${name}.weight`, [4]], [`${layer}${name}.bias`, [4]]);
  }
  return new Map(shapes.map(([name, shape]) => [prefix + name, tensor(prefix + name, shape, 'F32')]));
}

const ELEMENT_BYTES: Partial<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2, F8_E4M3: 1 };

/** A tensor whose bytes depend on its name. */
export function tensor(name: string, shape: number[], dtype: Dtype): Tensor {
  const bytes = shape.reduce((product, n) => product * n, ELEMENT_BYTES[dtype] ?? NaN);
  const seed = createHash('sha256').update(name).digest();
  return { dtype, shape, data: Uint8Array.from({ length: bytes }, (_, i) => (seed[i % 32] ?? 0) ^ (i >> 5)) };
}

/** Folders of checkpoints for the tests of a file, removed behind them. */
export function checkpointFolders(): {
  /** The folder that holds them all. */
  root: () => string;
  /** A path at which nothing is. */
  path: () => string;
  /** A new checkpoint. */
  fresh: (parts?: CheckpointParts) => string;
} {
  let folder = '';
  let count = 0;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true }), 60_000); // hundreds of folders, on a busy disk
  const path = (): string => join(folder, String(count++));
  return { root: () => folder, path, fresh: (parts) => writeCheckpoint(path(), parts) };
}

/** A new empty folder below the system's folder for temporary files. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'model-prep-'));

/** What differs from the default checkpoint. */
export interface CheckpointParts {
  config?: Record<string, unknown>;
  vision?: Record<string, unknown>;
  tensors?: Tensors;
  /** Number of weight files; 1 has no index. */
  shards?: number;
  /** Of the weights; default safetensors. The tower's are safetensors always. */
  format?: WeightFormat;
  /** Further files by path. */
  files?: Record<string, string | Uint8Array>;
}

/** Writes a checkpoint folder; by default whole, in one file, with the tower's weights in the tower's folder. */
export function writeCheckpoint(dir: string, parts: CheckpointParts = {}): string {
  const {
    config = CONFIG,
    vision = VISION,
    tensors = decoderTensors(),
    shards = 1,
    format = 'safetensors',
  } = parts;
  const { single } = WEIGHT_NAMES[format];
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify(config, null, 2),
    'tokenizer.json': '{}',
    'clip/config.json': JSON.stringify(vision),
    'clip/model.safetensors': writeSafetensors(visionTensors()),
    ...(shards === 1 ? { [single]: WRITE[format](tensors) } : sharded(tensors, shards, format)),
    ...parts.files,
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

const WRITE: Record<WeightFormat, (tensors: Tensors) => Uint8Array> = {
  safetensors: writeSafetensors,
  pytorch: torchWeights,
};

/** Tensors dealt out to shards one by one, and the index. */
function sharded(
  tensors: Tensors,
  shards: number,
  format: WeightFormat,
): Record<string, string | Uint8Array> {
  const { index, single, extension } = WEIGHT_NAMES[format];
  const stem = single.slice(0, -extension.length);
  const name = (i: number): string => `${stem}-0000${i + 1}-of-0000${shards}${extension}`;
  const entries = [...tensors];
  const files: Record<string, string | Uint8Array> = {};
  for (let shard = 0; shard < shards; shard++) {
    files[name(shard)] = WRITE[format](new Map(entries.filter((_, i) => i % shards === shard)));
  }
  const weight_map = Object.fromEntries(entries.map(([tensorName], i) => [tensorName, name(i % shards)]));
  files[index] = JSON.stringify({ metadata: { total_size: 1, format: 'pt' }, weight_map });
  return files;
}

/** Every file below a folder with its SHA-256. */
export function snapshot(dir: string): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    paths.map((path) => [
      path.slice(dir.length + 1),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  );
}
