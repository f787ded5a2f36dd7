import { createHash } from 'node:crypto';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInside, StageError, toIoError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { HubCommit, HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { hasBytesOf } from './file-digest.js';
import { findInCache } from './hub-cache.js';
import { existingFolder } from './new-folder.js';
import { entryKind } from './weight-file.js';

/** Below the output folder: what is not complete. */
export const PARTS = '.flexattn-download';

/** A file, where it goes, and where it comes from. */
export interface PlannedDownload {
  file: HubFile;
  target: string;
  /** Incomplete, while it is fetched. */
  part: string;
  how: 'kept' | 'linked' | 'fetched';
  /** In the standard cache. */
  source?: string;
}

/** Where files may be at hand. */
export interface PlanSources {
  reference: HubReference;
  commit: HubCommit;
  cache: string;
  signal: AbortSignal | undefined;
}

/** Decides for each file whether it is there, in the standard cache, or must be fetched. Reads what is there. */
export async function planDownload(
  out: string,
  files: readonly HubFile[],
  { reference, commit, cache, signal }: PlanSources,
): Promise<PlannedDownload[]> {
  const planned: PlannedDownload[] = [];
  for (const file of files) {
    const target = resolveInside(out, file.path);
    const name = createHash('sha256').update(`${file.path}\0${file.hash.digest}`).digest('hex').slice(0, 32);
    const place = { file, target, part: join(out, PARTS, `${name}.part`) };
    if (await isThere(target, file, signal)) {
      planned.push({ ...place, how: 'kept' });
      continue;
    }
    const source = await findInCache(cache, reference, commit.commit, file, signal);
    planned.push(source === undefined ? { ...place, how: 'fetched' } : { ...place, how: 'linked', source });
  }
  return planned;
}

async function isThere(target: string, file: HubFile, signal: AbortSignal | undefined): Promise<boolean> {
  return (await sizeOf(target)) === file.size && hasBytesOf(target, file, signal);
}

/** Bytes of a file; undefined where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  if ((await entryKind(path)) !== 'file') return undefined;
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

/** @throws ModelPrepError OFFLINE, naming the files */
export function refuseOffline({ repo }: HubReference, missing: readonly string[], cache: string): never {
  const what = `offline: expected ${missing.join(', ')} in ${cache}, got none with the right bytes`;
  const hint = 'run once with the network (without --offline and HF_HUB_OFFLINE)';
  throw new ModelPrepError('OFFLINE', what, { file: `hub:${repo}`, hint });
}

/** @throws StageError DISK_FULL (exit 74) where the disk has no room for what is fetched */
export async function requireSpace(
  out: string,
  fetched: readonly PlannedDownload[],
  free: (folder: string) => Promise<number>,
): Promise<void> {
  let needed = 0;
  for (const { file, part } of fetched) needed += Math.max(0, file.size - ((await sizeOf(part)) ?? 0));
  const available = await free(await existingFolder(out));
  if (needed <= available) return;
  throw new StageError(
    'DISK_FULL',
    `expected ${needed} free bytes for the files to fetch, got ${available}`,
    {
      file: out,
      hint: 'free some space or choose another folder',
      exitCode: 74,
    },
  );
}

/** Bytes that may be written below an existing folder. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}
