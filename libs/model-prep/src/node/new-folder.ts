import { mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { toIoError, withLock } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import { isInside } from './inside.js';
import { entryKind } from './weight-file.js';

/**
 * `out` neither lies in `source` nor holds it.
 *
 * @throws ModelPrepError OUT_OVERLAPS
 */
export async function checkApart(out: string, source: string): Promise<void> {
  const target = await realPathOf(resolve(out));
  const origin = await realPathOf(resolve(source));
  if (!isInside(target, origin) && !isInside(origin, target)) return;
  const what = `expected a folder apart from the checkpoint ${source}`;
  throw new ModelPrepError('OUT_OVERLAPS', what, { file: out, hint: 'choose another output folder' });
}

/** Is `out` absent or an empty folder? */
export async function isFree(out: string): Promise<boolean> {
  const kind = await entryKind(out);
  return kind === 'none' || (kind === 'folder' && (await namesIn(out)).length === 0);
}

/**
 * `out` is absent or an empty folder.
 *
 * @throws ModelPrepError OUT_EXISTS
 */
export async function checkFree(out: string): Promise<void> {
  if (await isFree(out)) return;
  const got = (await entryKind(out)) === 'file' ? 'file' : 'folder with other files';
  throw new ModelPrepError('OUT_EXISTS', `expected no such folder or an empty one, got a ${got}`, {
    file: out,
    hint: 'remove it or choose another output folder',
  });
}

/**
 * Lets `fill` write into a sibling of `out` and gives it the name `out` when it is complete. Where `fill` fails nothing
 * is left behind; what a run that was killed left there is removed by the next. One run at a time (LOCKED, exit 75).
 */
export async function writeNewFolder(out: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const target = resolve(out);
  const staging = `${target}.partial`;
  try {
    await withLock(lockOf(out), async () => {
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging);
      try {
        await fill(staging);
        await removeEmpty(target);
        await rename(staging, target);
      } catch (cause) {
        await rm(staging, { recursive: true, force: true });
        throw cause;
      }
      await syncFolder(dirname(target));
    });
  } catch (cause) {
    throw toIoError(cause, out);
  }
}

const lockOf = (out: string): string => `${resolve(out)}.lock`;

/** Removes what a run that was killed right after its last step left beside `out`. */
export async function clearLeftovers(out: string): Promise<void> {
  if ((await entryKind(lockOf(out))) !== 'none') await withLock(lockOf(out), () => Promise.resolve());
}

/** Number of the file system that `path` lies on, or will. */
export async function deviceOf(path: string): Promise<number> {
  const folder = await existingFolder(path);
  try {
    return (await stat(folder)).dev;
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}

/** `path`, or the nearest folder above it that is there. */
export async function existingFolder(path: string): Promise<string> {
  let folder = resolve(path);
  while ((await entryKind(folder)) === 'none') folder = dirname(folder);
  return folder;
}

/** Not every file system renames a folder onto an empty one. */
async function removeEmpty(folder: string): Promise<void> {
  if ((await entryKind(folder)) === 'folder') await rmdir(folder);
}

/** `path` with links resolved as far as it exists. */
async function realPathOf(path: string): Promise<string> {
  if ((await entryKind(path)) !== 'none') return resolveLinks(path);
  const parent = dirname(path);
  return parent === path ? path : join(await realPathOf(parent), relative(parent, path));
}

async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}

/** Makes a rename last through a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}
