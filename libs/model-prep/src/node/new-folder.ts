import { mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { toIoError } from '@flexattn/stage';
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

/**
 * `out` is absent or an empty folder.
 *
 * @throws ModelPrepError OUT_EXISTS
 */
export async function checkFree(out: string): Promise<void> {
  const kind = await entryKind(out);
  if (kind === 'none' || (kind === 'folder' && (await namesIn(out)).length === 0)) return;
  const what = `expected no such folder or an empty one, got a ${kind === 'file' ? 'file' : 'folder with files'}`;
  throw new ModelPrepError('OUT_EXISTS', what, {
    file: out,
    hint: 'remove it or choose another output folder',
  });
}

/**
 * Lets `fill` write into a sibling of `out` and gives it the name `out` when it is complete. Where `fill` fails nothing
 * is left behind.
 */
export async function writeNewFolder(out: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const target = resolve(out);
  const staging = `${target}.${process.pid}.partial`;
  try {
    // A process of this id that was killed may have left one.
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    await fill(staging);
    await rename(staging, target);
    await syncFolder(dirname(target));
  } catch (cause) {
    await rm(staging, { recursive: true, force: true });
    throw cause instanceof Error && 'errno' in cause ? toIoError(cause, out) : cause;
  }
}

/** `path` with links resolved as far as it exists. */
async function realPathOf(path: string): Promise<string> {
  if ((await entryKind(path)) !== 'none') return realpath(path);
  const parent = dirname(path);
  return parent === path ? path : join(await realPathOf(parent), relative(parent, path));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}

/** Makes the rename last through a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
