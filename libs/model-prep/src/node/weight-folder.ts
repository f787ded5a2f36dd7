import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonAs, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import { ModelPrepError } from '../errors.js';
import { naturalOrder } from '../natural-order.js';
import { parseSafetensors } from '../safetensors-header.js';
import type { ByteSource } from '../byte-source.js';
import type { StoredTensor } from '../strided-view.js';
import type { TensorInfo } from '../tensor-info.js';
import { readTorchZip } from '../torch-zip.js';
import { checkWeightIndex, parseWeightIndex, shardName, WEIGHT_NAMES } from '../weight-index.js';
import type { WeightFormat, WeightIndex } from '../weight-index.js';
import { entryKind, withWeightFile } from './weight-file.js';

/** The weight files of one folder. */
export interface Weights {
  format: WeightFormat;
  /** Relative to the folder, in natural order. */
  files: string[];
  tensors: ReadonlyMap<string, TensorInfo>;
  /** `__metadata__` of each file. */
  metadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Absent where there is one file and no index. */
  index?: WeightIndex;
}

/**
 * Reads the headers of a folder's weights: safetensors, else PyTorch zip files; undefined where it has none.
 *
 * @param resume take `model.safetensors` alone where an initialisation in place was interrupted
 * @throws ModelPrepError where a file is damaged or where the index and the shards disagree
 */
export async function openWeights(dir: string, { resume = false } = {}): Promise<Weights | undefined> {
  for (const format of ['safetensors', 'pytorch'] as const) {
    const { single, index } = WEIGHT_NAMES[format];
    const isSingle = (await entryKind(join(dir, single))) !== 'none';
    const isSharded = (await entryKind(join(dir, index))) !== 'none';
    if (isSharded) await checkOneIndex(dir, format);
    const interrupted = isSingle && isSharded && (await isInterrupted(dir));
    if (isSingle && (!isSharded || (interrupted && resume))) {
      const shard = await openShard(dir, single, format);
      return weightsOf(format, new Map([[single, shard]]));
    }
    if (isSingle) refuseBoth(dir, format, interrupted);
    if (isSharded) return openShards(dir, format);
  }
  return undefined;
}

/** PyTorch weights, or their index, beside safetensors: they are not read. */
export async function unreadWeights(dir: string, { format }: Weights): Promise<string[]> {
  const unread: string[] = [];
  if (format === 'pytorch') return unread;
  for (const name of [WEIGHT_NAMES.pytorch.single, WEIGHT_NAMES.pytorch.index]) {
    if ((await entryKind(join(dir, name))) !== 'none') unread.push(name);
  }
  return unread;
}

/** @throws ModelPrepError FOLDER_MISSING, or NOT_A_CHECKPOINT for a file, as one of the weights alone */
export async function requireFolder(dir: string): Promise<void> {
  const kind = await entryKind(dir);
  if (kind === 'folder') return;
  if (kind === 'none')
    throw new ModelPrepError('FOLDER_MISSING', 'no such folder', { file: dir, hint: 'check the path' });
  const what = 'expected the folder of a checkpoint, got a file';
  const hint = 'name the folder that holds config.json';
  throw new ModelPrepError('NOT_A_CHECKPOINT', what, { file: dir, hint });
}

/** The name of one shard of several. */
const SHARD_NAME = /-\d+-of-\d+\.(safetensors|bin)$/;

/** @throws ModelPrepError NO_WEIGHTS, or PYTORCH_WEIGHTS where the folder holds only pickles of another kind */
export async function requireWeights(weights: Weights | undefined, dir: string): Promise<Weights> {
  if (weights) return weights;
  const { single, index } = WEIGHT_NAMES.safetensors;
  const names = await namesIn(dir);
  const shard = names.find((name) => SHARD_NAME.test(name));
  if (shard !== undefined) {
    const absent = shard.endsWith('.bin') ? WEIGHT_NAMES.pytorch.index : index;
    const what = `expected ${absent} beside ${shard}, got none`;
    const hint = 'fetch the index: it says which shard holds what';
    throw new ModelPrepError('NO_WEIGHTS', what, { file: dir, hint });
  }
  const pickle = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickle !== undefined) {
    const what = `expected ${single}, ${index} or ${WEIGHT_NAMES.pytorch.single}, got ${pickle}`;
    const hint = 'load it in torch and save its state dict with safetensors';
    throw new ModelPrepError('PYTORCH_WEIGHTS', what, { file: dir, hint });
  }
  const what = `expected ${single}, ${index} or ${WEIGHT_NAMES.pytorch.single}, got none`;
  throw new ModelPrepError('NO_WEIGHTS', what, { file: dir, hint: 'the checkpoint is incomplete: fetch it' });
}

/** An initialisation in place writes the index first and then renames `model.safetensors` to its first shard. */
async function isInterrupted(dir: string): Promise<boolean> {
  const { weight_map } = await readIndex(dir, 'safetensors');
  const files = new Set(Object.values(weight_map));
  const first = shardName(0, files.size);
  return files.has(first) && (await entryKind(join(dir, first))) === 'none';
}

function refuseBoth(dir: string, format: WeightFormat, interrupted: boolean): never {
  const { single, index } = WEIGHT_NAMES[format];
  const hint = interrupted
    ? 'an initialisation in place was interrupted: run it again'
    : 'remove the one that is out of date';
  throw new ModelPrepError('AMBIGUOUS_WEIGHTS', `expected ${single} or ${index}, got both`, {
    file: dir,
    hint,
  });
}

/** A second index (`model.fp16.safetensors.index.json`) means a second set of weights. */
async function checkOneIndex(dir: string, format: WeightFormat): Promise<void> {
  const { index, extension } = WEIGHT_NAMES[format];
  const other = (await namesIn(dir)).find(
    (name) => name !== index && name.endsWith(`${extension}.index.json`),
  );
  if (other === undefined) return;
  const hint = 'keep one set of weights: move the other index and its shards out of the folder';
  throw new ModelPrepError('AMBIGUOUS_WEIGHTS', `expected one index, got ${index} and ${other}`, {
    file: dir,
    hint,
  });
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort(naturalOrder);
  } catch (cause) {
    throw toIoError(cause, dir);
  }
}

async function readIndex(dir: string, format: WeightFormat): Promise<WeightIndex> {
  const file = join(dir, WEIGHT_NAMES[format].index);
  return parseWeightIndex(await readJsonAs(file, z.unknown()), file, format);
}

async function openShards(dir: string, format: WeightFormat): Promise<Weights> {
  const indexFile = join(dir, WEIGHT_NAMES[format].index);
  const index = await readIndex(dir, format);
  const files = [...new Set(Object.values(index.weight_map))].sort(naturalOrder);
  if (files.length === 0) {
    const hint = 'fetch the index again';
    throw new ModelPrepError('BAD_INDEX', 'expected at least one tensor, got none', {
      file: indexFile,
      hint,
    });
  }
  const shards = new Map<string, Shard>();
  for (const file of files) shards.set(file, await openShard(dir, file, format));
  checkWeightIndex(index, shards, indexFile);
  return { ...weightsOf(format, shards), index };
}

interface Shard {
  tensors: ReadonlyMap<string, TensorInfo>;
  metadata: ReadonlyMap<string, string>;
}

async function openShard(dir: string, name: string, format: WeightFormat): Promise<Shard> {
  const file = join(dir, name);
  if ((await entryKind(file)) === 'none') {
    const what = `expected this file, which ${WEIGHT_NAMES[format].index} names, got none`;
    throw new ModelPrepError('SHARD_MISSING', what, { file, hint: 'the checkpoint is incomplete: fetch it' });
  }
  const { tensors, metadata } = await withWeightFile(file, (source) => readHeader(source, file, format));
  return {
    tensors: new Map([...tensors].map(([key, tensor]) => [key, { ...tensor, file: name }])),
    metadata,
  };
}

async function readHeader(
  source: ByteSource,
  file: string,
  format: WeightFormat,
): Promise<{ tensors: ReadonlyMap<string, StoredTensor>; metadata: ReadonlyMap<string, string> }> {
  if (format === 'pytorch') return { ...(await readTorchZip(source, file)), metadata: new Map() };
  const { dataStart, metadata, tensors } = await parseSafetensors(source, file);
  const stored = [...tensors.values()].map(({ dataOffsets: [begin, end], ...tensor }): StoredTensor => ({
    ...tensor,
    byteOffset: dataStart + begin,
    byteLength: end - begin,
  }));
  return { tensors: new Map(stored.map((tensor) => [tensor.name, tensor])), metadata };
}

function weightsOf(format: WeightFormat, shards: ReadonlyMap<string, Shard>): Weights {
  const entries = [...shards];
  return {
    format,
    files: entries.map(([file]) => file),
    tensors: new Map(entries.flatMap(([, { tensors }]) => [...tensors])),
    metadata: new Map(entries.map(([file, { metadata }]) => [file, metadata])),
  };
}
