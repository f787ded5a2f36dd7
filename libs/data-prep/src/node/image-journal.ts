import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { readTextLines, toIoError } from '@flexattn/stage';
import { LOOKS } from '../image-facts.js';
import { MAX_DECODE_MS, MAX_IMAGE_BYTES, MAX_JOURNAL_BYTES, MAX_PIXELS } from '../limits.js';
import { errnoOf } from './errno.js';

/** What a look depends on besides the file: with other limits, or another way to look, it is taken again. */
const WAY_OF_LOOKING = ['2', MAX_PIXELS, MAX_IMAGE_BYTES, MAX_DECODE_MS].join(' ');

/** Digits of a look. */
const DIGITS = (LOOKS - 1).toString(16).length;

/**
 * A whole line: 16 bytes of hash in base64url, a look and a check in hexadecimal. A torn one is shorter; a look of which
 * a bit flipped on the disk would be believed without the check.
 */
const LINE = new RegExp(`^([\\w-]{22})\\t([0-9a-f]{${DIGITS}})\\t[0-9a-f]{8}$`);

/** The file as it was found, while nothing has been written to it. */
type State = 'new' | 'old' | 'too long' | 'read only';

/**
 * What decoding gave, by path, size, time of change and inode of the file, so that no run decodes a picture twice: a file
 * that only grows, a line a picture, each in one write. What a killed process left is used; a torn line is passed over.
 */
export class ImageJournal {
  readonly #path: string;
  readonly #looks: Map<string, number>;
  #state: State;
  #file: number | undefined;

  private constructor(path: string, looks: Map<string, number>, state: State) {
    this.#path = path;
    this.#looks = looks;
    this.#state = state;
  }

  /** Reads the journal `path`, if there is one. `readOnly`: nothing is written; else it is made with its first line. */
  static async open(path: string, { readOnly }: { readOnly: boolean }): Promise<ImageJournal> {
    const size = await sizeOf(path);
    const looks = new Map<string, number>();
    const state = size === 0 ? 'new' : size <= MAX_JOURNAL_BYTES ? 'old' : 'too long';
    if (state === 'old') {
      for await (const { text } of readTextLines(path)) {
        const [, key, look] = LINE.exec(text) ?? [];
        if (key !== undefined && look !== undefined && text === lineOf(key, look))
          looks.set(key, Number.parseInt(look, 16));
      }
    }
    return new ImageJournal(path, looks, readOnly ? 'read only' : state);
  }

  /** What decoding the file gave, while it is the same; see `packLook`. */
  get(path: string, stats: BigIntStats): number | undefined {
    return this.#looks.get(keyOf(path, stats));
  }

  /** Notes a look. The line is the system's when this returns: it outlives the process. */
  add(path: string, stats: BigIntStats, look: number): void {
    if (this.#state === 'read only') return;
    try {
      this.#file ??= this.#begin();
      const line = lineOf(keyOf(path, stats), look.toString(16).padStart(DIGITS, '0'));
      writeSync(this.#file, `${line}\n`);
    } catch (cause) {
      throw toIoError(cause, this.#path);
    }
  }

  /** It may be used again; then its file is opened again. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #begin(): number {
    mkdirSync(dirname(this.#path), { recursive: true });
    const file = openSync(this.#path, 'a');
    if (this.#state === 'too long') ftruncateSync(file);
    // What comes next must not continue a torn line.
    if (this.#state === 'old') writeSync(file, '\n');
    this.#state = 'old';
    return file;
  }
}

function lineOf(key: string, look: string): string {
  const text = `${key}\t${look}`;
  return `${text}\t${crc32(text).toString(16).padStart(8, '0')}`;
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
