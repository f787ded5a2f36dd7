import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toIoError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { digestFile, startDigest } from './file-digest.js';
import type { Digest } from './file-digest.js';
import { broken, PassingFailure, request, withRepetitions } from './hub-connection.js';
import type { HubConnection } from './hub-connection.js';
import { syncFolder } from './new-folder.js';

/** One file to fetch. */
export interface FileDownload {
  file: HubFile;
  /** Repository and commit. */
  reference: HubReference;
  connection: HubConnection;
  /** Where it is kept until it is complete and right; what an earlier run left there is continued. */
  part: string;
  /** Its name in the end. */
  target: string;
  /** Told of every byte that is at hand, also of those that an earlier run left. */
  advance: (bytes: number) => void;
}

/** Times that wrong bytes are fetched again from the beginning. */
const MAX_WRONG = 2;

/**
 * Fetches a file and gives it its name once size and hash are right. A connection that breaks is taken up again at the
 * byte where it broke.
 *
 * @throws ModelPrepError HUB_WRONG_BYTES (exit 74), or as `request` and `withRepetitions`
 */
export async function downloadFile(download: FileDownload): Promise<void> {
  const { file, part, target } = download;
  try {
    await mkdir(dirname(target), { recursive: true });
    const opened = await openPart(part);
    try {
      await fetchVerified(download, opened);
      await opened.sync();
    } finally {
      await opened.close();
    }
    await rename(part, target);
    await syncFolder(dirname(target));
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    throw toIoError(cause, cause instanceof ModelPrepError ? file.path : target);
  }
}

/** For reading and writing, with what it holds. */
async function openPart(part: string): Promise<FileHandle> {
  try {
    return await open(part, 'r+');
  } catch (cause) {
    if (toIoError(cause, part).code !== 'FILE_MISSING') throw cause;
    return open(part, 'wx+');
  }
}

/** What is at hand of a file. */
interface Received {
  bytes: number;
  digest: Digest;
}

async function fetchVerified(download: FileDownload, part: FileHandle): Promise<void> {
  const received = { bytes: 0, digest: startDigest(download.file) };
  try {
    await resume(download, part, received);
    await fetchRight(download, part, received);
  } finally {
    await received.digest.close();
  }
}

async function fetchRight(download: FileDownload, part: FileHandle, received: Received): Promise<void> {
  const { file, reference, connection } = download;
  const what = `hub:${reference.repo}/${file.path}`;
  for (let wrong = 0; ; wrong++) {
    if (received.bytes < file.size) {
      const attempt = (): Promise<void> => fetchRest(what, download, part, received);
      await withRepetitions(what, connection, attempt, () => received.bytes);
    }
    const digest = await received.digest.finish();
    if (digest === file.hash.digest) return;
    await startOver(download, part, received);
    if (wrong < MAX_WRONG) continue;
    const expected = `${file.hash.algorithm} ${file.hash.digest}`;
    const hint = 'the server or a proxy changes the file: try again later or set HF_ENDPOINT';
    throw new ModelPrepError('HUB_WRONG_BYTES', `expected ${expected}, got ${digest}`, {
      file: what,
      hint,
      exitCode: 74,
    });
  }
}

/** What an earlier run left counts as far as it can be a beginning of the file. */
async function resume(
  { file, part, connection, advance }: FileDownload,
  opened: FileHandle,
  received: Received,
): Promise<void> {
  const { size } = await opened.stat();
  if (size > file.size) {
    await opened.truncate(0);
  } else if (size > 0) {
    await digestFile(part, size, received.digest, connection.signal);
    received.bytes = size;
  }
  advance(received.bytes);
}

async function startOver({ advance }: FileDownload, part: FileHandle, received: Received): Promise<void> {
  advance(-received.bytes);
  received.bytes = 0;
  received.digest.restart();
  await part.truncate(0);
}

async function fetchRest(
  what: string,
  download: FileDownload,
  part: FileHandle,
  received: Received,
): Promise<void> {
  const { file, reference, connection } = download;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const url = `${connection.endpoint}/${reference.repo}/resolve/${reference.revision}/${path}`;
  const range: Record<string, string> = received.bytes > 0 ? { range: `bytes=${received.bytes}-` } : {};
  const response = await request(what, reference, connection, url, {
    ...range,
    'accept-encoding': 'identity',
  });
  if (received.bytes > 0 && !continues(response, received.bytes, file.size)) {
    // The server ignores ranges: what comes is the whole file.
    await startOver(download, part, received);
    if (response.status === 206) {
      await response.body?.cancel();
      throw new PassingFailure('the hub answers another range than asked for');
    }
  }
  if (!response.body) throw new PassingFailure('the hub answers without content');
  await storeBlocks(download, part, received, blocksOf(piecesOf(response.body, connection.signal)));
  if (received.bytes < file.size) throw new PassingFailure('the connection ended early');
}

/** Writes and hashes each block while the next one arrives; `received` counts those of which both are done. */
async function storeBlocks(
  { file, advance }: FileDownload,
  part: FileHandle,
  received: Received,
  blocks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const store = async (block: Uint8Array, at: number): Promise<void> => {
    await Promise.all([writeAt(part, block, at), received.digest.update(block)]);
    received.bytes += block.byteLength;
    advance(block.byteLength);
  };
  let at = received.bytes;
  let stored = Promise.resolve();
  try {
    for await (const block of blocks) {
      await stored;
      if (at + block.byteLength > file.size) throw new PassingFailure('the hub sends more than the file has');
      stored = store(block, at);
      // Awaited before the next block or below; until then a failure must not count as unhandled.
      stored.catch(() => undefined);
      at += block.byteLength;
    }
  } catch (cause) {
    // What the disk says counts more than what the connection says.
    await stored;
    throw broken(cause);
  }
  await stored;
}

/** Bytes that are written at once: a socket gives 64 kB, and every write costs a way to another thread and back. */
const BLOCK_BYTES = 2 * 1024 * 1024;

/**
 * Joins small pieces to blocks in shared memory; what came before a failure is given out before it is thrown. A block may
 * be used until the one after the next is asked for.
 */
async function* blocksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  const memory = (): Uint8Array => new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
  let [block, other] = [memory(), memory()];
  let filled = 0;
  let failure: { cause: unknown } | undefined;
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.byteLength;) {
        const length = Math.min(BLOCK_BYTES - filled, piece.byteLength - at);
        block.set(piece.subarray(at, at + length), filled);
        at += length;
        filled += length;
        if (filled < BLOCK_BYTES) continue;
        yield block;
        [block, other] = [other, block];
        filled = 0;
      }
    }
  } catch (cause) {
    failure = { cause };
  }
  if (filled > 0) yield block.subarray(0, filled);
  if (failure) throw failure.cause;
}

/**
 * What a body holds, piece by piece. Stopping cancels the reader itself: Node 20 leaves a read pending for ever when the
 * request is aborted between two pieces.
 */
async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  const reader = body.getReader();
  // Resolves the pending read; a body that has failed already rejects, and its read says so.
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined);
  const stop = (): void => void cancel();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    if (signal?.aborted !== true) await cancel();
  }
}

/** 206 with exactly the range that was asked for. */
function continues(response: Response, begin: number, size: number): boolean {
  const range = response.headers.get('content-range') ?? '';
  return response.status === 206 && range.trim() === `bytes ${begin}-${size - 1}/${size}`;
}

async function writeAt(part: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await part.write(bytes, written, bytes.byteLength - written, at + written);
    written += bytesWritten;
  }
}
