import { writeSync } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackgroundSync, toIoError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { digestFile, startDigest } from './file-digest.js';
import type { Digest } from './file-digest.js';
import { requestFile } from './hub-body.js';
import { broken, PassingFailure, withRepetitions } from './hub-connection.js';
import type { HubConnection } from './hub-connection.js';
import type { BodyAnswer } from './http-body.js';
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
  /** Bytes of it after which the disk is told to begin; default as `BackgroundSync` has it. */
  syncBytes?: number | undefined;
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
      const sync = new BackgroundSync(opened, download.syncBytes);
      await fetchVerified(download, opened, sync);
      await sync.finish();
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
  /** Memory for what arrives, shared with the thread that hashes it. */
  blocks: readonly Uint8Array[];
  sync: BackgroundSync;
}

/** Bytes of a block, 2 MiB: measured in 4 blocks of 256 KiB, a download with its hash took longer. */
const BLOCK_BYTES = 2 * 1024 * 1024;
/** Of which one is filled while the others are hashed. */
const BLOCKS = 4;

async function fetchVerified(download: FileDownload, part: FileHandle, sync: BackgroundSync): Promise<void> {
  const blocks = Array.from({ length: BLOCKS }, () => new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES)));
  const received = { bytes: 0, digest: startDigest(download.file), blocks, sync };
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
  const headers = {
    'accept-encoding': 'identity',
    ...(received.bytes > 0 && { range: `bytes=${received.bytes}-` }),
  };
  const answer = await requestFile(what, reference, connection, { url, headers, blocks: received.blocks });
  try {
    if (received.bytes > 0 && !continues(answer, received.bytes, file.size)) {
      // The server ignores ranges: what comes is the whole file.
      await startOver(download, part, received);
      if (answer.status === 206) throw new PassingFailure('the hub answers another range than asked for');
    }
    await storePieces(download, part, received, answer.pieces());
  } finally {
    answer.close();
  }
  if (received.bytes < file.size) throw new PassingFailure('the connection ended early');
}

/**
 * Writes and hashes each piece before or while the next one arrives. Writing waits: a piece is still in this core's cache,
 * and giving it to another thread takes a fifth more of the processor's time.
 */
async function storePieces(
  { file, part: path, advance }: FileDownload,
  part: FileHandle,
  received: Received,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hashing: Promise<void>[] = [];
  try {
    for await (const piece of pieces) {
      const at = received.bytes;
      if (at + piece.byteLength > file.size) throw new PassingFailure('the hub sends more than the file has');
      writeAt(part, path, piece, at);
      received.sync.wrote(piece.byteLength);
      const hashed = Promise.resolve(received.digest.update(piece));
      // Awaited below; until then a failure must not count as unhandled.
      hashed.catch(() => undefined);
      hashing.push(hashed);
      received.bytes += piece.byteLength;
      advance(piece.byteLength);
      // The next piece will lie in the block of the oldest of these.
      if (hashing.length === received.blocks.length) await hashing.shift();
    }
  } catch (cause) {
    throw broken(cause);
  } finally {
    await Promise.all(hashing);
  }
}

/** 206 with exactly the range that was asked for. */
function continues({ status, header }: BodyAnswer, begin: number, size: number): boolean {
  const range = header('content-range') ?? '';
  return status === 206 && range.trim() === `bytes ${begin}-${size - 1}/${size}`;
}

function writeAt(part: FileHandle, path: string, bytes: Uint8Array, at: number): void {
  try {
    for (let written = 0; written < bytes.byteLength;)
      written += writeSync(part.fd, bytes, written, bytes.byteLength - written, at + written);
  } catch (cause) {
    throw toIoError(cause, path);
  }
}
