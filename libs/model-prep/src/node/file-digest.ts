import { createHash, type Hash } from 'node:crypto';
import type { HubFile } from '../hub-files.js';
import { readRange } from './weight-file.js';

/** A hash of a file's bytes, begun; git's blob hash covers the size too. */
export function startDigest({ hash, size }: Pick<HubFile, 'hash' | 'size'>): Hash {
  return hash.algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** Adds the first `length` bytes of `path` to `digest`. */
export async function digestFile(
  path: string,
  length: number,
  digest: Hash,
  signal: AbortSignal | undefined,
): Promise<Hash> {
  for await (const piece of readRange(path, 0, length)) {
    signal?.throwIfAborted();
    digest.update(piece);
  }
  return digest;
}

/** Has `path` the bytes of `file`? */
export async function hasBytesOf(
  path: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const digest = await digestFile(path, file.size, startDigest(file), signal);
  return digest.digest('hex') === file.hash.digest;
}
