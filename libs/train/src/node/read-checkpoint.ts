import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint, LlavaConfig } from '@flexattn/model-prep';
import { toIoError } from '@flexattn/stage';
import type { ModelShape } from '../model-parameters.js';
import type { CheckpointFacts } from '../preflight.js';
import { tokenizerFingerprint } from './tokenizer-fingerprint.js';

/** Any tensor of the vision tower tells that its weights are there: they are checked as a whole. */
const TOWER = 'model.vision_tower.vision_tower.vision_model.embeddings.class_embedding';
/** Projections of the decoder that may have a bias. */
const BIASED = /^model\.layers\.0\.(?:self_attn|mlp)\.(\w+)\.bias$/;
/** What `flexattn init` copies into `k_proj_hd` and `v_proj_hd`. */
const COPIED = /^model\.layers\.\d+\.self_attn\.[kv]_proj\./;
/** As published, where a checkpoint does not tell. */
const DEFAULTS = { zoom: 3, selectFromLayer: 8 };

/** What a plan needs of a checkpoint. */
export interface FoundCheckpoint {
  checkpoint: Checkpoint;
  facts: CheckpointFacts;
  /** Absent where the vision tower is missing. */
  shape: ModelShape | undefined;
  /** Everything in its folder, which a trained checkpoint gets copies of. */
  files: string[];
  /** Bytes of these files, with those that `flexattn init` would add. */
  bytes: number;
}

/** Reads a checkpoint's configuration and headers, and lists its files; ModelPrepError where it is none. */
export async function readCheckpoint(dir: string): Promise<FoundCheckpoint> {
  const checkpoint = await openCheckpoint(dir);
  const { config, tensors } = checkpoint;
  const names = [...tensors.keys()];
  const shape = tensors.has(TOWER) ? shapeOf(config, names) : undefined;
  const files = await filesBelow(dir);
  const projections = names.filter(
    (name) => COPIED.test(name) && !tensors.has(name.replace('_proj.', '_proj_hd.')),
  );
  return {
    checkpoint,
    shape,
    files: files.map(({ path }) => path),
    bytes: [
      ...files.map(({ size }) => size),
      ...projections.map((name) => tensors.get(name)?.byteLength ?? 0),
    ].reduce((sum, size) => sum + size, 0),
    facts: {
      tensors: new Set(names),
      layers: config.num_hidden_layers,
      selectFromLayer: config.extra?.selectFromLayer,
      tokenizer: await tokenizerFingerprint(dir),
      ...(shape === undefined ? { missingTower: config.mm_vision_tower } : {}),
    },
  };
}

function shapeOf(config: LlavaConfig, names: readonly string[]): ModelShape | undefined {
  const { vision, extra } = config;
  return (
    vision && {
      ...config,
      vision,
      tied: config.tie_word_embeddings && !names.includes('lm_head.weight'),
      biases: new Set(names.flatMap((name) => BIASED.exec(name)?.[1] ?? [])),
      zoom: extra?.zoomRatio ?? DEFAULTS.zoom,
      selectFromLayer: extra?.selectFromLayer ?? DEFAULTS.selectFromLayer,
    }
  );
}

async function filesBelow(dir: string): Promise<{ path: string; size: number }[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
    const found = await Promise.all(paths.map(async (path) => ({ path, stats: await stat(path) })));
    return found.flatMap(({ path, stats }) =>
      stats.isFile() ? [{ path: relative(dir, path), size: stats.size }] : [],
    );
  } catch (cause) {
    throw toIoError(cause, dir);
  }
}
