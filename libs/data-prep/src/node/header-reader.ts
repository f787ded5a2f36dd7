import { closeSync, constants, fstatSync, open, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import type { FileHeader, FileHeaders } from '../image-index.js';
import { HEADER_BYTES } from '../image-type.js';
import { HEADER_READS, QUICK_READ_MS, SLOW_READS, THREAD_READS } from '../limits.js';
import { HeaderThread } from './header-thread.js';
import type { OpenFolders } from './open-folders.js';

/** Never through a link, and never waiting for a pipe: the folder may have changed since it was listed. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

// The callback functions cost a third of the time of `FileHandle` (18 and 45 microseconds an image). Only what waits
// for a disk is asynchronous: an open file's size is known, and closing a file that was read waits for nothing.
const openFile = promisify(open);
const readFile = promisify(read);

/**
 * Reads the first bytes of files: at once (4 microseconds) while they lie in memory, and many side by side (18
 * microseconds of our time each) while a disk or a file server has to be waited for; many in a thread beside other work.
 * The results are the same.
 */
export class HeaderReader {
  readonly #limit = pLimit(HEADER_READS);
  /** Running mean of the milliseconds of a read that was waited for. */
  #mean = 0;
  /** Reads still to be done side by side before waiting is tried again. */
  #slow = 0;
  #thread: HeaderThread | undefined;

  /**
   * Reads `path`, relative to the root of `folders`, at once; undefined where that is no good now (slow, or an error that
   * the other way will tell).
   */
  readNow(path: string, folders: Pick<OpenFolders, 'withinSync'>): FileHeader | undefined {
    if (this.#slow > 0) return undefined;
    const start = performance.now();
    const header = readOrNothing(path, folders);
    // One read that another process held up says nothing of the disk.
    const waited = Math.min(performance.now() - start, 4 * QUICK_READ_MS);
    this.#mean += (waited - this.#mean) / 16;
    if (this.#mean > QUICK_READ_MS) {
      this.#slow = SLOW_READS;
      this.#mean = 0;
    }
    return header;
  }

  /**
   * Reads many in a thread of its own, which waits for each of them; undefined where that is no good now: they are few, or
   * the disk is slow.
   */
  readMany(
    paths: readonly string[],
    folders: Pick<OpenFolders, 'withinMany'>,
  ): Promise<FileHeaders> | undefined {
    if (this.#slow > 0 || (this.#thread === undefined && paths.length < THREAD_READS)) return undefined;
    const thread = (this.#thread ??= new HeaderThread());
    return folders.withinMany(paths, async (opened) => {
      const read = await thread.read(opened);
      if (read.isSlow) this.#slow = SLOW_READS;
      return read;
    });
  }

  /** Ends its thread. */
  async close(): Promise<void> {
    await this.#thread?.close();
  }

  /** Reads beside others; throws what the system says. */
  read(path: string): Promise<FileHeader> {
    this.#slow = Math.max(0, this.#slow - 1);
    return this.#limit(() => readHeader(path));
  }
}

/** An error is no answer: whether it means a missing file depends on the image root, which is asked elsewhere. */
function readOrNothing(path: string, folders: Pick<OpenFolders, 'withinSync'>): FileHeader | undefined {
  try {
    const file = folders.withinSync(path, (opened) => openSync(opened, READ_FLAGS));
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return 'missing';
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      const length = readSync(file, header, 0, HEADER_BYTES, 0);
      return { size: stats.size, header: length < HEADER_BYTES ? header.subarray(0, length) : header };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

async function readHeader(path: string): Promise<FileHeader> {
  const file = await openFile(path, READ_FLAGS);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return 'missing';
    const { bytesRead, buffer } = await readFile(file, Buffer.allocUnsafe(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return { size: stats.size, header: buffer.subarray(0, bytesRead) };
  } finally {
    closeSync(file);
  }
}
