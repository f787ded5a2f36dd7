import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readJsonAs, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import type { HubCommit, HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { parseWeightIndex, WEIGHT_NAMES } from '../weight-index.js';
import type { WeightFormat } from '../weight-index.js';
import { hasBytesOf } from './file-digest.js';
import { entryKind } from './weight-file.js';

/** Where the standard cache keeps a repository: `models--owner--name`. */
const repoFolder = (cache: string, repo: string): string => join(cache, `models--${repo.replace('/', '--')}`);

const snapshot = (cache: string, { repo }: HubReference, commit: string): string =>
  join(repoFolder(cache, repo), 'snapshots', commit);

/**
 * What the standard cache knows of a reference, without the network: the commit that its branch was, and the files that
 * were fetched of it. Undefined where it knows nothing.
 */
export async function cachedCommit(cache: string, reference: HubReference): Promise<HubCommit | undefined> {
  const { repo, revision } = reference;
  const commit = /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : await textOf(join(repoFolder(cache, repo), 'refs', revision));
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) return undefined;
  const folder = snapshot(cache, reference, commit);
  if ((await entryKind(folder)) !== 'folder') return undefined;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: HubFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const file = await cachedFile(path, path.slice(folder.length + 1));
    if (file) files.push(file);
  }
  return { commit, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/**
 * Paths of the weights that `chosen` lacks: the shards that an index in the cache names, or any weights at all. A snapshot
 * holds what was fetched once, and offline nothing else tells what a commit has.
 */
export async function absentWeights(
  cache: string,
  reference: HubReference,
  { commit, files }: HubCommit,
  chosen: readonly HubFile[],
): Promise<string[]> {
  const formats = Object.entries(WEIGHT_NAMES) as [WeightFormat, (typeof WEIGHT_NAMES)[WeightFormat]][];
  const isChosen = (path: string): boolean => chosen.some((file) => file.path === path);
  const hasWeights = formats.some(([, { single, index }]) => isChosen(single) || isChosen(index));
  const isAsked = (path: string): boolean => isChosen(path) || (!hasWeights && !path.includes('/'));
  for (const [format, { index }] of formats) {
    const absent: string[] = [];
    for (const { path } of files) {
      if (basename(path) !== index || !isAsked(path)) continue;
      const file = join(snapshot(cache, reference, commit), path);
      const { weight_map } = parseWeightIndex(await readJsonAs(file, z.unknown()), file, format);
      const shards = [...new Set(Object.values(weight_map))].map(
        (shard) => path.slice(0, -index.length) + shard,
      );
      absent.push(...shards.filter((shard) => !isChosen(shard)));
    }
    if (absent.length > 0) return absent.sort();
  }
  return hasWeights ? [] : [WEIGHT_NAMES.safetensors.single];
}

/** A snapshot's entries are links to blobs, whose names are the hashes of their bytes. */
async function cachedFile(link: string, path: string): Promise<HubFile | undefined> {
  try {
    const blob = await realpath(link);
    const digest = basename(blob);
    const { size } = await stat(blob);
    if (/^[0-9a-f]{64}$/.test(digest)) return { path, size, hash: { algorithm: 'sha256', digest } };
    if (/^[0-9a-f]{40}$/.test(digest)) return { path, size, hash: { algorithm: 'git-sha1', digest } };
    return undefined;
  } catch (cause) {
    if (toIoError(cause, link).code === 'FILE_MISSING') return undefined;
    throw toIoError(cause, link);
  }
}

/** The blob of the standard cache with the bytes of `file`; undefined where it has none, or a damaged one. */
export async function findInCache(
  cache: string,
  reference: HubReference,
  commit: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const link = join(snapshot(cache, reference, commit), file.path);
  if ((await entryKind(link)) !== 'file') return undefined;
  try {
    const blob = await realpath(link);
    const isRight = (await stat(blob)).size === file.size && (await hasBytesOf(blob, file, signal));
    return isRight ? blob : undefined;
  } catch (cause) {
    throw toIoError(cause, link);
  }
}

async function textOf(file: string): Promise<string | undefined> {
  if ((await entryKind(file)) !== 'file') return undefined;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw toIoError(cause, file);
  }
}
