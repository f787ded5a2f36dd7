import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync, type BigIntStats } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readTextLines, toIoError } from '@flexattn/stage';
import { LOOKS } from '../image-facts.js';
import { MAX_DECODE_MS, MAX_IMAGE_BYTES, MAX_JOURNAL_BYTES, MAX_PIXELS } from '../limits.js';
import { errnoOf } from './errno.js';

/** What a look depends on besides the file: with other limits, or another way to look, it is taken again. */
const WAY_OF_LOOKING = ['1', MAX_PIXELS, MAX_IMAGE_BYTES, MAX_DECODE_MS].join(' ');

/** Digits of a look. */
const DIGITS = (LOOKS - 1).toString(16).length;

/** A whole line: 16 bytes of hash in base64url, and a look in hexadecimal. All have the same length: a torn one has not. */
const LINE = new RegExp(`^([\\w-]{22})\\t([0-9a-f]{${DIGITS}})$`);

/**
 * What decoding gave, by path, size, time of change and inode of the file, so that no run decodes a picture twice: a file
 * that only grows, a line a picture, each in one write. What a killed process left is used; a torn line is passed over.
 */
export class ImageJournal {
  readonly #path: string;
  readonly #looks: Map<string, number>;
  readonly #file: number | undefined;

  private constructor(path: string, looks: Map<string, number>, file: number | undefined) {
    this.#path = path;
    this.#looks = looks;
    this.#file = file;
  }

  /** Opens the journal `path`, new or old (folders are made); `readOnly`: it is read and nothing is written. */
  static async open(path: string, { readOnly }: { readOnly: boolean }): Promise<ImageJournal> {
    const size = await sizeOf(path);
    const isTooLong = size > MAX_JOURNAL_BYTES;
    const looks = new Map<string, number>();
    if (size > 0 && !isTooLong) {
      for await (const { text } of readTextLines(path)) {
        const [, key, look] = LINE.exec(text) ?? [];
        if (key !== undefined && look !== undefined) looks.set(key, Number.parseInt(look, 16));
      }
    }
    if (readOnly) return new ImageJournal(path, looks, undefined);
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = openSync(path, isTooLong ? 'w' : 'a');
      // What comes next must not continue a torn line.
      if (size > 0 && !isTooLong) writeSync(file, '\n');
      return new ImageJournal(path, looks, file);
    } catch (cause) {
      throw toIoError(cause, path);
    }
  }

  /** What decoding the file gave, while it is the same; see `packLook`. */
  get(path: string, stats: BigIntStats): number | undefined {
    return this.#looks.get(keyOf(path, stats));
  }

  /** Notes a look. The line is the system's when this returns: it outlives the process. */
  add(path: string, stats: BigIntStats, look: number): void {
    if (this.#file === undefined) return;
    try {
      writeSync(this.#file, `${keyOf(path, stats)}\t${look.toString(16).padStart(DIGITS, '0')}\n`);
    } catch (cause) {
      throw toIoError(cause, this.#path);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

function keyOf(path: string, { size, mtimeNs, ino }: BigIntStats): string {
  const hash = createHash('sha256').update(`${WAY_OF_LOOKING}\0${path}\0${size}\0${mtimeNs}\0${ino}`);
  return hash.digest().subarray(0, 16).toString('base64url');
}

/** 0 where there is no file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return 0;
    throw toIoError(cause, path);
  }
}
