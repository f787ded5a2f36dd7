import { createHash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackgroundSync } from './background-sync.js';
import { toIoError } from './io-error.js';
import { temporarySibling } from './temporary.js';

/** What stands on the disk after a write. */
export interface WrittenFile {
  /** Bytes. */
  size: number;
  /** Their SHA-256 in hexadecimal; empty where nobody asked for it. */
  sha256: string;
}

/** A file that appears under its name complete, or not at all. */
export interface AtomicFile {
  write(chunk: string | Uint8Array): Promise<void>;
  /** Flushes to the disk and gives the file its name. */
  commit(): Promise<WrittenFile>;
  /** Removes what was written; the old file, if any, stays. */
  abort(): Promise<void>;
}

/**
 * Starts a temporary sibling of `path` (folders are made). A write or commit that fails removes it and throws
 * `DISK_FULL` or `IO_FAILED` (exit 74), or `FILE_MISSING`, `FILE_UNREADABLE`, `NOT_A_FILE` (exit 2) for a wrong path.
 * `hash: false` spares the time of the SHA-256, as long as that of writing to a fast disk.
 */
export async function createAtomicFile(
  path: string,
  { hash: isHashed = true }: { hash?: boolean } = {},
): Promise<AtomicFile> {
  const { file, temporary } = await openTemporary(path);
  const hash = createHash('sha256');
  const sync = new BackgroundSync(file);
  let size = 0;
  const abort = async () => {
    await file.close();
    await rm(temporary, { force: true });
  };
  const orAbort = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      await abort();
      throw toIoError(cause, path);
    }
  };
  return {
    abort,
    write: (chunk) =>
      orAbort(async () => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        // The disk and the processor work at the same time.
        const written = writeAll(file, bytes);
        if (isHashed) hash.update(bytes);
        await written;
        size += bytes.length;
        sync.wrote(bytes.length);
      }),
    commit: () =>
      orAbort(async () => {
        await sync.finish();
        await file.close();
        await rename(temporary, path);
        await syncFolder(dirname(path));
        return { size, sha256: isHashed ? hash.digest('hex') : '' };
      }),
  };
}

async function openTemporary(path: string): Promise<{ file: FileHandle; temporary: string }> {
  try {
    const temporary = await temporarySibling(path);
    return { temporary, file: await open(temporary, 'wx') };
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

/** Writes a whole file atomically: temporary sibling, fsync, rename, fsync of the folder. As `createAtomicFile`. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<string | Uint8Array>,
  options: { hash?: boolean } = {},
): Promise<WrittenFile> {
  const file = await createAtomicFile(path, options);
  if (typeof data === 'string' || data instanceof Uint8Array) {
    await file.write(data);
    return file.commit();
  }
  try {
    for await (const chunk of data) await file.write(chunk);
  } catch (error) {
    await file.abort();
    throw error;
  }
  return file.commit();
}

/** A write may take fewer bytes than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

/** Makes a rename durable; file systems that cannot sync a folder say so and lose nothing else. */
async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'EPERM')))
      throw error;
  } finally {
    await directory.close();
  }
}
