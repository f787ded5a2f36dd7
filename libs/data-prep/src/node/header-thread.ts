import { constants } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { FileHeaders } from '../image-index.js';
import { HEADER_BYTES } from '../image-type.js';
import { QUICK_READ_MS } from '../limits.js';

/** Never through a link, and never waiting for a pipe: the folder may have changed since it was listed. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Memory of the thread: some hundred paths at a time; without a limit it would not tidy up for long. */
const THREAD_MEMORY = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/**
 * Answers paths, `undefined` among them, with the size of each (-1: no regular file, an error, or not read because the
 * disk is slow), how many of its first bytes were read, and these. As text: it runs in the same way from any build.
 */
const READER = `
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
function readHeader(path, sizes, lengths, headers, i) {
  try {
    const file = openSync(path, ${READ_FLAGS});
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return;
      lengths[i] = readSync(file, headers, i * ${HEADER_BYTES}, ${HEADER_BYTES}, 0);
      sizes[i] = stats.size;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error.code === undefined) throw error;
  }
}
/** Running mean of the milliseconds of a read. */
let mean = 0;
parentPort.on('message', (paths) => {
  const sizes = new Float64Array(paths.length).fill(-1);
  const lengths = new Uint8Array(paths.length);
  const headers = new Uint8Array(paths.length * ${HEADER_BYTES});
  let before = performance.now();
  for (let i = 0; i < paths.length && mean <= ${QUICK_READ_MS}; i += 1) {
    if (paths[i] === undefined) continue;
    readHeader(paths[i], sizes, lengths, headers, i);
    const now = performance.now();
    // One read that another process held up says nothing of the disk.
    mean += (Math.min(now - before, ${4 * QUICK_READ_MS}) - mean) / 16;
    before = now;
  }
  const isSlow = mean > ${QUICK_READ_MS};
  if (isSlow) mean = 0;
  parentPort.postMessage({ sizes, lengths, headers, isSlow }, [sizes.buffer, lengths.buffer, headers.buffer]);
});
`;

/** What the thread answers, see `READER`. */
export interface ReadHeaders extends FileHeaders {
  /** Whether waiting for one file after the other is no good. */
  isSlow: boolean;
}

/** Someone who waits for an answer. */
interface Waiting {
  resolve: (answer: ReadHeaders) => void;
  reject: (cause: Error) => void;
}

/** Reads the first bytes of files in a thread of its own, one after the other. */
export class HeaderThread {
  readonly #worker = new Worker(
    new URL(`data:text/javascript,${encodeURIComponent(READER)}`),
    // Node's own options are for the program that was started with them.
    { execArgv: [], resourceLimits: THREAD_MEMORY },
  );
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#worker.on('message', (answer: ReadHeaders) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that reads images has ended')));
  }

  /** Reads the files at `paths`; undefined among these is left out. */
  read(paths: readonly (string | undefined)[]): Promise<ReadHeaders> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(paths);
    });
  }

  /** Ends the thread; who still waits is told so. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }
}
