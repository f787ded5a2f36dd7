import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { toIoError } from '@flexattn/stage';
import { DataPrepError } from '../errors.js';
import { CHUNK_BYTES } from '../limits.js';
import { errnoOf } from './errno.js';

/** An annotation file, plain or gzip (told by its first bytes). */
export interface AnnotationFile {
  /** Bytes on the disk, and how many of them have been read so far. */
  size: number;
  bytesRead(): number;
  /** Its content, unpacked, chunk by chunk. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Opens `path`. Throws `ANNOTATIONS_MISSING`, or stage's code for a folder or a file that may not be read. */
export async function openAnnotations(path: string): Promise<AnnotationFile> {
  const { size, isGzip } = await firstLook(path);
  let stream: ReadStream | undefined;
  const chunks = () => {
    stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    return chunksOf(path, stream, isGzip);
  };
  return { size, chunks, bytesRead: () => stream?.bytesRead ?? 0 };
}

async function firstLook(path: string): Promise<{ size: number; isGzip: boolean }> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return { size, isGzip: bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw toIoError(cause, path);
    const hint = 'check the path, or fetch the annotations first';
    throw new DataPrepError('ANNOTATIONS_MISSING', 'no such annotation file', { file: path, hint, cause });
  }
}

async function* chunksOf(path: string, stream: ReadStream, isGzip: boolean): AsyncGenerator<Uint8Array> {
  // The callback is required; what goes wrong on either side reaches the reader of the unpacked stream.
  const source = isGzip
    ? pipeline(stream, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
    : stream;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) yield chunk;
  } catch (cause) {
    if (errnoOf(cause)?.startsWith('Z_') !== true) throw toIoError(cause, path);
    const hint = 'the download was cut short or damaged: fetch it again';
    throw new DataPrepError('BAD_GZIP', `cannot be unpacked: ${String(cause)}`, { file: path, hint, cause });
  }
}
