import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { toIoError } from '@flexattn/stage';
import type { ByteSource } from '../byte-source.js';
import { denseBytes } from '../tensor-bytes.js';

/** Opens `file` for reads by range, calls `use` and closes it. Errors of the file system become stage's. */
export async function withWeightFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    return await use(await sourceOf(handle));
  } catch (cause) {
    throw toIoError(cause, file);
  } finally {
    await handle?.close();
  }
}

/** `withWeightFile` for what is read piece by piece. */
export async function* streamWeightFile<T>(
  file: string,
  pieces: (source: ByteSource) => AsyncIterable<T>,
): AsyncGenerator<T, undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    yield* pieces(await sourceOf(handle));
  } catch (cause) {
    throw toIoError(cause, file);
  } finally {
    await handle?.close();
  }
}

/** The bytes [begin, begin + length) of `file`, in pieces of at most 8 MiB. */
export const readRange = (
  file: string,
  begin: number,
  length: number,
): AsyncGenerator<Uint8Array, undefined> =>
  streamWeightFile(file, (source) => denseBytes(source, begin, length, file));

async function sourceOf(handle: FileHandle): Promise<ByteSource> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(begin, end) {
      // Every byte that is given out is read first: no need to clear them.
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(Math.max(0, Math.min(end, size) - begin)).buffer);
      let filled = 0;
      while (filled < bytes.byteLength) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, begin + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
  };
}

/** What stands at `path`, links followed. */
export async function entryKind(path: string): Promise<'none' | 'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (cause) {
    const error = toIoError(cause, path);
    if (error.code === 'FILE_MISSING') return 'none';
    throw error;
  }
}
