import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { toIoError } from '@flexattn/stage';
import type { ByteSource } from '../byte-source.js';
import { denseBytes } from '../tensor-bytes.js';

/** Makes room for a number of bytes that are about to be read; what it holds does not matter. */
export type Allocate = (bytes: number) => Uint8Array;

/** New memory. Every byte of it that is given out is read first: no need to clear it. */
const allocate: Allocate = (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);

/**
 * Buffers of `bytes` that are used in turn, for streams whose pieces are done with when `count - 1` more were read:
 * clearing and collecting new ones takes a good part of the time that copying takes. Larger requests get new memory.
 */
export function reusedBuffers(count: number, bytes: number): Allocate {
  const buffers: Uint8Array[] = [];
  let turn = 0;
  return (length) => {
    if (length > bytes) return allocate(length);
    turn = (turn + 1) % count;
    const buffer = (buffers[turn] ??= allocate(bytes));
    return buffer.subarray(0, length);
  };
}

/** Opens `file` for reads by range, calls `use` and closes it. Errors of the file system become stage's. */
export async function withWeightFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  try {
    const handle = await open(file, 'r');
    try {
      return await use(await sourceOf(handle));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

/** `withWeightFile` for what is read piece by piece; `memory` is where the bytes go. */
export async function* streamWeightFile<T>(
  file: string,
  pieces: (source: ByteSource) => AsyncIterable<T>,
  memory?: Allocate,
): AsyncGenerator<T, undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      yield* pieces(await sourceOf(handle, memory));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

/** The bytes [begin, begin + length) of `file`, in pieces of at most 8 MiB. */
export const readRange = (
  file: string,
  begin: number,
  length: number,
): AsyncGenerator<Uint8Array, undefined> =>
  streamWeightFile(file, (source) => denseBytes(source, begin, length, file));

async function sourceOf(handle: FileHandle, memory: Allocate = allocate): Promise<ByteSource> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(begin, end) {
      const bytes = memory(Math.max(0, Math.min(end, size) - begin));
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
