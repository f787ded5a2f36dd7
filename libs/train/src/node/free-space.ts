import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathExists, toIoError } from '@flexattn/stage';

/** Bytes that may be written where `path` is, or will be. */
export async function freeSpace(path: string): Promise<number> {
  if (!(await pathExists(path)) && dirname(path) !== path) return freeSpace(dirname(path));
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (cause) {
    throw toIoError(cause, path);
  }
}
