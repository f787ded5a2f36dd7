import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonAs, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import { ModelPrepError } from '../errors.js';
import { naturalOrder } from '../natural-order.js';
import { parseSafetensors } from '../safetensors-header.js';
import type { SafetensorsHeader } from '../safetensors-header.js';
import type { TensorInfo } from '../tensor-info.js';
import { checkWeightIndex, INDEX_FILE, parseWeightIndex } from '../weight-index.js';
import type { WeightIndex } from '../weight-index.js';
import { entryKind, withWeightFile } from './weight-file.js';

const SINGLE_FILE = 'model.safetensors';

/** The weight files of one folder. */
export interface Weights {
  /** Relative to the folder, in natural order. */
  files: string[];
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Absent where there is one file and no index. */
  index?: WeightIndex;
}

/**
 * Reads the headers of a folder's .safetensors weights; undefined where it has none.
 *
 * @throws ModelPrepError where a file is damaged or where the index and the shards disagree
 */
export async function openWeights(dir: string): Promise<Weights | undefined> {
  const single = (await entryKind(join(dir, SINGLE_FILE))) !== 'none';
  const sharded = (await entryKind(join(dir, INDEX_FILE))) !== 'none';
  if (single && sharded) {
    const what = `expected ${SINGLE_FILE} or ${INDEX_FILE}, got both`;
    throw new ModelPrepError('AMBIGUOUS_WEIGHTS', what, {
      file: dir,
      hint: 'remove the one that is out of date',
    });
  }
  if (sharded) return openShards(dir);
  if (!single) return undefined;
  const header = await openShard(dir, SINGLE_FILE);
  return { files: [SINGLE_FILE], tensors: tensorsOf(new Map([[SINGLE_FILE, header]])) };
}

/** @throws ModelPrepError NO_WEIGHTS, or PYTORCH_WEIGHTS where the folder holds only PyTorch files */
export async function requireWeights(weights: Weights | undefined, dir: string): Promise<Weights> {
  if (weights) return weights;
  const names = await readdir(dir).catch((cause: unknown) => {
    throw toIoError(cause, dir);
  });
  const pytorch = names.sort(naturalOrder).find((name) => name.endsWith('.bin'));
  if (pytorch !== undefined) {
    const what = `expected ${SINGLE_FILE} or ${INDEX_FILE}, got ${pytorch}: PyTorch zip files are not supported in this version`;
    throw new ModelPrepError('PYTORCH_WEIGHTS', what, {
      file: dir,
      hint: 'convert the weights to safetensors',
    });
  }
  const what = `expected ${SINGLE_FILE} or ${INDEX_FILE}, got neither`;
  throw new ModelPrepError('NO_WEIGHTS', what, { file: dir, hint: 'the checkpoint is incomplete' });
}

async function openShards(dir: string): Promise<Weights> {
  const indexFile = join(dir, INDEX_FILE);
  const index = parseWeightIndex(await readJsonAs(indexFile, z.unknown()), indexFile);
  const files = [...new Set(Object.values(index.weight_map))].sort(naturalOrder);
  if (files.length === 0) {
    throw new ModelPrepError('BAD_INDEX', 'expected at least one tensor, got none', { file: indexFile });
  }
  const shards = new Map<string, SafetensorsHeader>();
  for (const file of files) shards.set(file, await openShard(dir, file));
  checkWeightIndex(index, shards);
  return { files, tensors: tensorsOf(shards), index };
}

async function openShard(dir: string, name: string): Promise<SafetensorsHeader> {
  const file = join(dir, name);
  if ((await entryKind(file)) === 'none') {
    const what = `the index names ${name}, which is not there`;
    throw new ModelPrepError('SHARD_MISSING', what, { file: dir, hint: 'the checkpoint is incomplete' });
  }
  return withWeightFile(file, (source) => parseSafetensors(source, file));
}

function tensorsOf(shards: ReadonlyMap<string, SafetensorsHeader>): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [file, header] of shards) {
    for (const { name, dtype, shape, dataOffsets } of header.tensors.values()) {
      const [begin, end] = dataOffsets;
      const byteOffset = header.dataStart + begin;
      tensors.set(name, { name, dtype, shape, file, byteOffset, byteLength: end - begin });
    }
  }
  return tensors;
}
