import { constants, copyFile, link, realpath, rename, rm, stat } from 'node:fs/promises';
import { StageError } from '../errors.js';
import { toIoError } from './io-error.js';
import { temporarySibling } from './temporary.js';

/** Smaller files are copied: many editors write in place, and a change of one name would be one of all. */
const HARDLINK_FROM_BYTES = 1 << 20;

/**
 * `to` with the bytes of the file `from`: a reflink where the file system has them, else a hardlink (from 1 MiB on),
 * else a copy.
 * An existing `to` is replaced at once or, where this fails, stays. A symbolic link is followed.
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  const { source, size } = await sourceFile(from);
  try {
    const temporary = await temporarySibling(to);
    try {
      const isLinked =
        (await succeeds(reflink(source, temporary))) ||
        (size >= HARDLINK_FROM_BYTES && (await succeeds(link(source, temporary))));
      if (!isLinked) await copyFile(source, temporary);
      await rename(temporary, to);
    } finally {
      // Also after success: a rename between two names of the same file does nothing.
      await rm(temporary, { force: true });
    }
  } catch (cause) {
    throw toIoError(cause, to);
  }
}

async function sourceFile(from: string): Promise<{ source: string; size: number }> {
  try {
    const source = await realpath(from);
    const found = await stat(source);
    if (found.isFile()) return { source, size: found.size };
  } catch (cause) {
    throw toIoError(cause, from);
  }
  throw new StageError('NOT_A_FILE', 'expected a file', { file: from, hint: 'name a file' });
}

function reflink(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
}

const UNSUPPORTED = ['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EMLINK'];

/** False where the file system lacks this kind of link; any other failure is one. */
async function succeeds(attempt: Promise<void>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && UNSUPPORTED.includes(String(error.code))) return false;
    throw error;
  }
}
