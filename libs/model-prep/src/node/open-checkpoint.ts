import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseJson, toIoError } from '@flexattn/stage';
import { mergeExtra } from '../config-text.js';
import { ModelPrepError } from '../errors.js';
import { checkTensors } from '../expected-tensors.js';
import type { Tensor } from '../float32.js';
import { parseLlavaConfig } from '../llava-config.js';
import type { LlavaConfig } from '../llava-config.js';
import type { TensorInfo } from '../tensor-info.js';
import { openVisionTower } from './vision-tower.js';
import { entryKind, readRange } from './weight-file.js';
import { openWeights, requireWeights } from './weight-folder.js';
import type { Weights } from './weight-folder.js';

/** A LLaVA checkpoint whose headers and configuration are checked; weights are read when they are asked for. */
export interface Checkpoint {
  dir: string;
  config: LlavaConfig;
  /** The weight files, relative to `dir` like `TensorInfo.file`. */
  files: string[];
  /** By name; the vision tower's always under `model.vision_tower.vision_tower.vision_model.`. */
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor; TENSOR_MISSING, TENSOR_TOO_LARGE (2 GiB) or FILE_TRUNCATED. */
  read(name: string): Promise<Tensor>;
}

/** A checkpoint together with what an initialisation rewrites. */
export interface OpenedCheckpoint {
  checkpoint: Checkpoint;
  /** The weights of the folder itself, without those of the vision tower's folder. */
  weights: Weights;
  /** Text of config.json, as it stands there and with the `extra` that was asked for. */
  configText: { before: string; after: string };
}

/**
 * Opens a checkpoint folder in LLaVA-1.5 layout: config.json, one or more .safetensors files, and the vision tower in
 * the same weights or in a folder of its own. Reads headers only. Links are followed.
 *
 * @throws ModelPrepError for anything that is missing, or that disagrees with the configuration
 */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  return (await openCheckpointWith(dir, {})).checkpoint;
}

/** `openCheckpoint` as if config.json had `extra` merged into its `extra`; nothing is written. */
export async function openCheckpointWith(
  dir: string,
  extra: Readonly<Record<string, string>>,
): Promise<OpenedCheckpoint> {
  await requireFolder(dir);
  const file = join(dir, 'config.json');
  const before = await readConfigText(dir, file);
  const after = mergeExtra(before, extra, file);
  const config = parseLlavaConfig(parseJson(after, { file }), file);
  const weights = await requireWeights(await openWeights(dir), dir);
  const tower = await openVisionTower(dir, config, weights);
  const files = [...weights.files, ...tower.files];
  const tensors = new Map([...weights.tensors, ...tower.tensors]);
  const full: LlavaConfig = { ...config, ...(tower.vision && { vision: tower.vision }) };
  checkTensors(full, tensors);
  const read = (name: string): Promise<Tensor> => readTensor(dir, tensors, name);
  return { checkpoint: { dir, config: full, files, tensors, read }, weights, configText: { before, after } };
}

async function requireFolder(dir: string): Promise<void> {
  const kind = await entryKind(dir);
  if (kind === 'folder') return;
  if (kind === 'none')
    throw new ModelPrepError('FOLDER_MISSING', 'no such folder', { file: dir, hint: 'check the path' });
  const what = 'expected the folder of a checkpoint, got a file';
  throw new ModelPrepError('NOT_A_CHECKPOINT', what, {
    file: dir,
    hint: 'name the folder that holds config.json',
  });
}

async function readConfigText(dir: string, file: string): Promise<string> {
  if ((await entryKind(file)) === 'none') {
    const hint = 'name the folder of a LLaVA-1.5 checkpoint';
    throw new ModelPrepError('CONFIG_MISSING', 'expected config.json in this folder, got none', {
      file: dir,
      hint,
    });
  }
  try {
    const text = await readFile(file, 'utf8');
    parseJson(text, { file });
    return text;
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

/** Bytes of one tensor in memory; the largest of a 7B model in float32 takes a quarter of it. */
const MAX_TENSOR_BYTES = 2 ** 31;

async function readTensor(
  dir: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  name: string,
): Promise<Tensor> {
  const info = tensors.get(name);
  if (!info)
    throw new ModelPrepError('TENSOR_MISSING', 'no such tensor in this checkpoint', {
      file: dir,
      item: name,
    });
  const { dtype, shape, byteOffset, byteLength } = info;
  if (byteLength > MAX_TENSOR_BYTES) {
    const what = `expected at most ${MAX_TENSOR_BYTES} bytes, got ${byteLength}`;
    throw new ModelPrepError('TENSOR_TOO_LARGE', what, { file: info.file, item: name });
  }
  const data = new Uint8Array(byteLength);
  let filled = 0;
  for await (const chunk of readRange(resolve(dir, info.file), byteOffset, byteLength)) {
    data.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return { dtype, shape: [...shape], data };
}
