import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, toIoError } from '@flexattn/stage';
import { mergeExtra } from '../config-text.js';
import { ModelPrepError } from '../errors.js';
import { checkTensors } from '../expected-tensors.js';
import { parseLlavaConfig } from '../llava-config.js';
import type { LlavaConfig } from '../llava-config.js';
import type { TensorInfo } from '../tensor-info.js';
import { DECODER_PREFIX, unwrapNames } from '../tensor-names.js';
import type { LoadedTensor } from '../typed-view.js';
import { readTensor, rowsOf } from './read-tensor.js';
import { openVisionTower } from './vision-tower.js';
import { entryKind } from './weight-file.js';
import { openWeights, requireFolder, requireWeights } from './weight-folder.js';
import type { Weights } from './weight-folder.js';

/** A LLaVA checkpoint whose headers and configuration are checked; weights are read when they are asked for. */
export interface Checkpoint {
  dir: string;
  config: LlavaConfig;
  /** The weight files, relative to `dir` like `TensorInfo.file`. */
  files: string[];
  /** By name; the vision tower's always under `model.vision_tower.vision_tower.vision_model.`. */
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor: its bytes and a typed view of them; TENSOR_MISSING, TENSOR_TOO_LARGE (2 GiB) or FILE_TRUNCATED. */
  read(name: string): Promise<LoadedTensor>;
  /** Reads the rows [begin, end) of a tensor's first dimension; as `read`, or BAD_SLICE. */
  slice(name: string, begin: number, end: number): Promise<LoadedTensor>;
}

/** A checkpoint together with what an initialisation rewrites. */
export interface OpenedCheckpoint {
  checkpoint: Checkpoint;
  /** The weights of the folder itself, without those of the vision tower's folder. */
  weights: Weights;
  /** What a wrapper put in front of the names in the files. */
  wrapper: string;
  /** Text of config.json, as it stands there and with the `extra` that was asked for. */
  configText: { before: string; after: string };
}

/** How a checkpoint is opened for an initialisation. */
export interface OpenOptions {
  /** Read as if config.json had this merged into its `extra`; nothing is written. */
  extra?: Readonly<Record<string, string>>;
  /** What stands in front of `layers.0.` in the names of the decoder's tensors. */
  from?: string;
  /** Opens a folder in which an initialisation in place was interrupted as it was before. */
  resume?: boolean;
}

/**
 * Opens a checkpoint folder in LLaVA-1.5 layout: config.json, weights in safetensors or PyTorch zip files (one or
 * many), and the vision tower in the same weights or in a folder of its own. Reads headers only. Links are followed.
 *
 * @throws ModelPrepError for anything that is missing, or that disagrees with the configuration
 */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  return (await openCheckpointWith(dir, {})).checkpoint;
}

/** `openCheckpoint` with what an initialisation needs besides. */
export async function openCheckpointWith(dir: string, options: OpenOptions): Promise<OpenedCheckpoint> {
  const { config, files, tensors, ...rest } = await readParts(dir, options);
  checkTensors(config, tensors, dir);
  return { ...rest, checkpoint: { dir, config, files, tensors, ...readers(dir, tensors) } };
}

/** A checkpoint's configuration and tensors, each checked alone. */
export interface CheckpointPartsRead extends Omit<OpenedCheckpoint, 'checkpoint'> {
  dir: string;
  config: LlavaConfig;
  files: string[];
  tensors: ReadonlyMap<string, TensorInfo>;
}

/** Reads a checkpoint without comparing its tensors with its configuration. */
export async function readParts(dir: string, options: OpenOptions): Promise<CheckpointPartsRead> {
  const { extra = {}, from = DECODER_PREFIX, resume = false } = options;
  await requireFolder(dir);
  const file = join(dir, 'config.json');
  const before = await readConfigText(dir, file);
  const after = mergeExtra(before, extra, file);
  const parsed = parseLlavaConfig(parseJson(after, { file }), file);
  const weights = await requireWeights(await openWeights(dir, { resume }), dir);
  const { wrapper, tensors: own } = unwrapNames(weights.tensors, from, dir);
  const { vision, ...tower } = await openVisionTower(dir, parsed, own);
  return {
    dir,
    config: { ...parsed, ...(vision && { vision }) },
    files: [...weights.files, ...tower.files],
    tensors: new Map([...own, ...tower.tensors]),
    weights,
    wrapper,
    configText: { before, after },
  };
}

function readers(dir: string, tensors: ReadonlyMap<string, TensorInfo>): Pick<Checkpoint, 'read' | 'slice'> {
  const find = (name: string): TensorInfo => {
    const info = tensors.get(name);
    if (info) return info;
    throw new ModelPrepError('TENSOR_MISSING', 'no such tensor in this checkpoint', {
      file: dir,
      item: name,
    });
  };
  return {
    read: async (name) => readTensor(dir, find(name)),
    slice: async (name, begin, end) => readTensor(dir, rowsOf(find(name), begin, end)),
  };
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
