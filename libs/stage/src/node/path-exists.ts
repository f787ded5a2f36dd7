import { stat } from 'node:fs/promises';
import { toIoError } from './io-error.js';

/** Whether anything is at `path`. A path that cannot be looked at is an error, not an absence. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    const error = toIoError(cause, path);
    if (error.code === 'FILE_MISSING') return false;
    throw error;
  }
}
