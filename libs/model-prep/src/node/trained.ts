import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toIoError } from '@flexattn/stage';
import { DTYPE_BYTES } from '../dtype.js';
import type { ProjectionPair } from '../high-res-projections.js';
import { parseRecipe, RECIPE_KEY } from '../init-recipe.js';
import type { TensorInfo } from '../tensor-info.js';
import { INDEX_FILE } from '../weight-index.js';
import { equalStreams } from './equal-streams.js';
import { freshBytes } from './fresh-projection.js';
import type { FreshSource } from './fresh-projection.js';
import { readTensorBytes } from './tensor-bytes.js';
import type { Weights } from './weight-folder.js';

/** A checkpoint's weights, for telling fresh projections from trained ones. */
export interface TrainedQuery {
  dir: string;
  weights: Pick<Weights, 'metadata' | 'index'>;
  hiddenSize: number;
  signal?: AbortSignal | undefined;
  /** Compares every byte, whatever the files say of themselves. */
  thorough?: boolean | undefined;
}

/**
 * The first pair whose counterpart differs from what its initialisation gave, in dtype, shape or a byte; undefined
 * where all are as new.
 *
 * Every byte is compared, unless an initialisation marked the shard and no weight file is younger than its index:
 * then both ends of each tensor are, because training leaves no tensor as it was.
 */
export async function firstTrained(
  pairs: readonly ProjectionPair[],
  query: TrainedQuery,
): Promise<ProjectionPair | undefined> {
  const quick = query.thorough !== true && (await isUntouched(pairs, query));
  for (const pair of pairs) {
    if (pair.to && !(await isFresh(pair, pair.to, query, quick))) return pair;
  }
  return undefined;
}

async function isFresh(
  { from, name }: ProjectionPair,
  to: TensorInfo,
  { dir, weights, hiddenSize, signal }: TrainedQuery,
  quick: boolean,
): Promise<boolean> {
  if (from.dtype !== to.dtype || from.byteLength !== to.byteLength) return false;
  const recipe = parseRecipe(weights.metadata.get(to.file)?.get(RECIPE_KEY));
  const source: FreshSource = { dir, hiddenSize, recipe };
  const equal = (a: TensorInfo, b: TensorInfo): Promise<boolean> =>
    equalStreams(freshBytes({ from: a, name }, source), readTensorBytes(resolve(dir, b.file), b), signal);
  if (!quick) return equal(from, to);
  if (!(await equal(beginning(from), beginning(to)))) return false;
  return recipe.strategy === 'random' || equal(end(from), end(to));
}

/** Bytes of each end of a tensor that a quick comparison reads. */
const SAMPLE_BYTES = 1 << 16;

/** The first elements of a row-major tensor. */
export function beginning(tensor: TensorInfo): TensorInfo {
  const byteLength = Math.min(tensor.byteLength, SAMPLE_BYTES);
  return { ...tensor, shape: [byteLength / DTYPE_BYTES[tensor.dtype]], byteLength };
}

/** The last elements of a row-major tensor. */
function end(tensor: TensorInfo): TensorInfo {
  const last = beginning(tensor);
  return { ...last, byteOffset: tensor.byteOffset + tensor.byteLength - last.byteLength };
}

async function isUntouched(
  pairs: readonly ProjectionPair[],
  { dir, weights }: TrainedQuery,
): Promise<boolean> {
  if (!weights.index) return false;
  const files = new Set<string>();
  for (const { from, to } of pairs) {
    if (!to) continue;
    if (weights.metadata.get(to.file)?.get(RECIPE_KEY) === undefined) return false;
    files.add(to.file).add(from.file);
  }
  if (files.size === 0) return false;
  const indexTime = await modifiedAt(join(dir, INDEX_FILE));
  for (const file of files) if ((await modifiedAt(resolve(dir, file))) > indexTime) return false;
  return true;
}

/** Nanoseconds. */
export async function modifiedAt(file: string): Promise<bigint> {
  try {
    return (await stat(file, { bigint: true })).mtimeNs;
  } catch (cause) {
    throw toIoError(cause, file);
  }
}
