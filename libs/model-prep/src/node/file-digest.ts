import { createHash, type Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { HubFile } from '../hub-files.js';
import { readRange } from './weight-file.js';

/** The hash of a file's bytes, which arrive piece by piece. */
export interface Digest {
  /** Adds bytes that follow; they may be changed once it resolves. */
  update(bytes: Uint8Array): void | Promise<void>;
  /** In hexadecimal; the digest begins anew. */
  finish(): Promise<string>;
  /** Forgets what was added. */
  restart(): void;
  close(): Promise<void>;
}

/** Bytes of a file from which on another thread hashes it; to start one takes as long as these take. */
export const THREAD_BYTES = 16 * 1024 * 1024;

/** Git's blob hash covers the size too. */
function begin({ hash, size }: Pick<HubFile, 'hash' | 'size'>): Hash {
  return hash.algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** Begins the digest of a file; a large one's is computed beside the thread that receives its bytes. */
export function startDigest(file: Pick<HubFile, 'hash' | 'size'>): Digest {
  if (file.hash.algorithm === 'sha256' && file.size >= THREAD_BYTES) return new ThreadDigest();
  let hash = begin(file);
  const restart = (): void => void (hash = begin(file));
  return {
    update: (bytes) => void hash.update(bytes),
    finish: () => {
      const digest = hash.digest('hex');
      restart();
      return Promise.resolve(digest);
    },
    restart,
    close: () => Promise.resolve(),
  };
}

/** Answers each piece with nothing, and the end with the digest. As text: it runs in the same way from any build. */
const HASHER = `
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
let hash = createHash('sha256');
parentPort.on('message', ({ bytes, restart }) => {
  if (bytes !== undefined) hash.update(bytes);
  const digest = bytes === undefined && !restart ? hash.digest('hex') : '';
  if (bytes === undefined) hash = createHash('sha256');
  parentPort.postMessage(digest);
});
`;

/** SHA-256 in a thread of its own. Pieces in shared memory are not copied. */
class ThreadDigest implements Digest {
  private readonly worker = new Worker(
    new URL(`data:text/javascript,${encodeURIComponent(HASHER)}`),
    // Node's own options are for the program that was started with them.
    { execArgv: [] },
  );
  private readonly waiting: { resolve: (digest: string) => void; reject: (cause: Error) => void }[] = [];
  private failure: Error | undefined;

  constructor() {
    this.worker.on('message', (digest: string) => this.waiting.shift()?.resolve(digest));
    this.worker.on('error', (cause) => this.fail(cause));
    this.worker.on('exit', () => this.fail(new Error('the thread that hashes has ended')));
  }

  async update(bytes: Uint8Array): Promise<void> {
    await this.send({ bytes });
  }

  finish(): Promise<string> {
    return this.send({});
  }

  restart(): void {
    // Its answer says nothing; a thread that failed says so at the next piece.
    this.send({ restart: true }).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private send(message: { bytes?: Uint8Array; restart?: boolean }): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(message);
    });
  }

  private fail(cause: Error): void {
    this.failure ??= cause;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }
}

/** Adds the first `length` bytes of `path` to `digest`. */
export async function digestFile(
  path: string,
  length: number,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const piece of readRange(path, 0, length)) {
    signal?.throwIfAborted();
    await digest.update(piece);
  }
}

/** Has `path` the bytes of `file`? */
export async function hasBytesOf(
  path: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const digest = startDigest(file);
  try {
    await digestFile(path, file.size, digest, signal);
    return (await digest.finish()) === file.hash.digest;
  } finally {
    await digest.close();
  }
}
