import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { toIoError } from '@flexattn/stage';
import { DataPrepError } from '../errors.js';
import { CHUNK_BYTES, FIRST_BYTES } from '../limits.js';
import { errnoOf } from './errno.js';

/** The name that stands for standard input or output. */
export const STANDARD = '-';

/** An annotation file, plain or gzip (told by its first bytes). */
export interface AnnotationFile {
  /** Bytes on the disk; undefined for standard input. */
  size: number | undefined;
  /** How many of them have been read so far. */
  bytesRead(): number;
  /** Its content, unpacked, chunk by chunk; a chunk holds until the next one but `held` is asked for. */
  chunks(held?: number): AsyncIterable<Uint8Array>;
}

/**
 * Opens `path`, `-` for standard input. Throws `ANNOTATIONS_MISSING`, or stage's code for a folder or a file that may
 * not be read.
 */
export async function openAnnotations(path: string): Promise<AnnotationFile> {
  let bytesRead = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytesRead += chunk.length;
      yield chunk;
    }
  };
  const { size, isGzip } = path === STANDARD ? await inputLook() : await firstLook(path);
  const chunks = (held = 0) => {
    if (path === STANDARD) return orError(path, unpackedInput(counted(process.stdin)));
    if (!isGzip) return orError(path, counted(fileChunks(path, held)));
    const packed = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    return orError(path, unpacked(Readable.from(counted(packed))));
  };
  return { size, chunks, bytesRead: () => bytesRead };
}

function inputLook(): Promise<{ size: undefined; isGzip: boolean }> {
  return Promise.resolve({ size: undefined, isGzip: false });
}

async function firstLook(path: string): Promise<{ size: number; isGzip: boolean }> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return { size, isGzip: isPacked(buffer.subarray(0, bytesRead)) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw toIoError(cause, path);
    const hint = 'check the path, or fetch the annotations first';
    throw new DataPrepError('ANNOTATIONS_MISSING', 'no such annotation file', { file: path, hint, cause });
  }
}

function isPacked(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Buffers take turns: while one is being used, and some are held, another is being filled. */
async function* fileChunks(path: string, held: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const buffers = Array.from({ length: held + 1 }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));
    let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let reading = startReading(file, buffer.subarray(0, FIRST_BYTES));
    for (;;) {
      const length = await reading;
      const next = buffers.shift();
      if (length === 0 || next === undefined) return;
      reading = startReading(file, next);
      yield buffer.subarray(0, length);
      buffers.push(buffer);
      buffer = next;
    }
  } finally {
    await file.close();
  }
}

/** What goes wrong is thrown where the result is awaited; until then it is not an unhandled error. */
function startReading(file: FileHandle, buffer: Buffer): Promise<number> {
  const reading = file.read(buffer, 0, buffer.length, null).then(({ bytesRead }) => bytesRead);
  reading.catch(() => undefined);
  return reading;
}

/** Standard input can be looked at only once: its first chunk tells whether it is packed. */
async function* unpackedInput(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const first = await chunks.next();
  if (first.done === true) return;
  const all = async function* () {
    yield first.value;
    yield* chunks;
  };
  yield* isPacked(first.value) ? unpacked(Readable.from(all())) : all();
}

function unpacked(packed: Readable): AsyncIterable<Uint8Array> {
  // The callback is required; what goes wrong on either side reaches the reader of the unpacked stream.
  return pipeline(packed, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined);
}

async function* orError(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    if (errnoOf(cause)?.startsWith('Z_') !== true) throw toIoError(cause, path);
    const hint = 'the download was cut short or damaged: fetch it again';
    throw new DataPrepError('BAD_GZIP', `cannot be unpacked: ${String(cause)}`, { file: path, hint, cause });
  }
}
