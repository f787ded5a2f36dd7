import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toIoError } from '@flexattn/stage';
import type { PlannedFile } from '../init-plan.js';
import type { TensorInfo } from '../tensor-info.js';
import { INDEX_FILE } from '../weight-index.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import { equalStreams } from './equal-streams.js';
import { freshBytes } from './fresh-projection.js';
import type { FreshSource } from './fresh-projection.js';
import { readTensorBytes } from './tensor-bytes.js';
import { beginning, modifiedAt } from './trained.js';
import { entryKind, readRange } from './weight-file.js';

/** Bytes; linked files below this were copied, and are compared whole. */
const WHOLE_BELOW_BYTES = 1 << 20;
/** Bytes of each end of a larger file that are compared. */
const END_BYTES = 1 << 16;

/** How a result is compared. */
interface ResultQuery {
  source: FreshSource;
  /** Compares every byte of what was written. */
  thorough?: boolean;
  signal: AbortSignal | undefined;
}

/**
 * Is `out` what this plan writes? Names, sizes, texts and headers are compared whole; of large files both ends, of
 * tensors the first bytes, and that none is younger than the index, which is written last. Reads a few MB.
 */
export async function holdsResult(
  out: string,
  plan: readonly PlannedFile[],
  query: ResultQuery,
): Promise<boolean> {
  if ((await entryKind(out)) !== 'folder') return false;
  const files = await listCheckpointFiles(out);
  if (files.length !== plan.length) return false;
  const sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const newest =
    sizes.has(INDEX_FILE) && query.thorough !== true ? await modifiedAt(join(out, INDEX_FILE)) : undefined;
  for (const file of plan) {
    if (sizes.get(file.path) !== file.bytes) return false;
    const target = join(out, file.path);
    if (newest !== undefined && file.how !== 'text' && (await modifiedAt(target)) > newest) return false;
    if (!(await isSame(target, file, query))) return false;
  }
  return true;
}

async function isSame(target: string, file: PlannedFile, query: ResultQuery): Promise<boolean> {
  query.signal?.throwIfAborted();
  switch (file.how) {
    case 'text':
      return (await readText(target)) === file.text;
    case 'link':
      return isSameFile(file.source, target, file.bytes, query);
    case 'fresh':
    case 'rest':
      return isSameShard(target, file, query);
  }
}

async function isSameFile(
  source: string,
  target: string,
  bytes: number,
  { thorough = false, signal }: ResultQuery,
): Promise<boolean> {
  const [a, b] = await Promise.all([identity(source), identity(target)]);
  if (a === b) return true;
  const equal = (begin: number, length: number): Promise<boolean> =>
    equalStreams(readRange(source, begin, length), readRange(target, begin, length), signal);
  if (thorough || bytes < WHOLE_BELOW_BYTES) return equal(0, bytes);
  return (await equal(0, END_BYTES)) && equal(bytes - END_BYTES, END_BYTES);
}

async function isSameShard(
  target: string,
  file: Extract<PlannedFile, { how: 'fresh' | 'rest' }>,
  { source, thorough = false, signal }: ResultQuery,
): Promise<boolean> {
  const headerBytes = file.header.byteLength;
  if (!(await equalStreams(asStream(file.header), readRange(target, 0, headerBytes)))) return false;
  let at = headerBytes;
  const parts =
    file.how === 'fresh'
      ? file.pairs.map(({ from, name }) => ({
          info: from,
          read: (info: TensorInfo) => freshBytes({ from: info, name }, source),
        }))
      : file.tensors.map((info) => ({
          info,
          read: (from: TensorInfo) => readTensorBytes(resolve(source.dir, from.file), from),
        }));
  for (const { info, read } of parts) {
    // The first bytes of a view may lie anywhere.
    const compared = thorough || info.view ? info : beginning(info);
    const written = readRange(target, at, compared.byteLength);
    if (!(await equalStreams(read(compared), written, signal))) return false;
    at += info.byteLength;
  }
  return true;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* asStream(bytes: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  yield bytes;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

async function identity(file: string): Promise<string> {
  try {
    const { dev, ino } = await stat(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch (cause) {
    throw toIoError(cause, file);
  }
}
