import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import pLimit from 'p-limit';
import { StageError } from '../errors.js';
import { writeFileAtomic } from './atomic-file.js';
import { toIoError } from './io-error.js';

/** Files open at once while a folder is hashed. */
const CONCURRENT_FILES = 32;

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
  } catch (cause) {
    throw toIoError(cause, path);
  }
  return hash.digest('hex');
}

/**
 * Hashes of files and folders that remember (path, size, mtime, inode): an unchanged 1 GB file costs one `stat`.
 * A folder's hash covers the relative names and the bytes of all files in it in sorted order; links are not followed.
 */
export class Fingerprints {
  private readonly known = new Map<string, string>();
  private learnt = false;
  private readonly limit = pLimit(CONCURRENT_FILES);

  private constructor(private readonly memo: string) {}

  /** Opens the memo file; one that is missing is started anew, torn and damaged lines are dropped: it only saves time. */
  static async open(memo: string): Promise<Fingerprints> {
    const fingerprints = new Fingerprints(memo);
    let text = '';
    try {
      text = await readFile(memo, 'utf8');
    } catch (cause) {
      const error = toIoError(cause, memo);
      if (error.code !== 'FILE_MISSING') throw error;
    }
    for (const line of text.split('\n')) {
      const [, key, sha256] = /^([\w-]{43})\t([0-9a-f]{64})\t[0-9a-f]{8}$/.exec(line) ?? [];
      if (key !== undefined && sha256 !== undefined && line === memoLine(key, sha256))
        fingerprints.known.set(key, sha256);
    }
    return fingerprints;
  }

  /** SHA-256 of a file's bytes, or of a folder's names and bytes. */
  async of(path: string): Promise<string> {
    const found = statOf(path);
    if (!found.isDirectory()) return this.ofFile(path, found);
    const names = filesBelow(path, '').sort();
    const hashes = await Promise.all(names.map((name) => this.ofEntry(join(path, name))));
    const hash = createHash('sha256');
    names.forEach((name, i) => hash.update(`${name}\0${hashes[i] ?? ''}\n`));
    return hash.digest('hex');
  }

  /** Whether `path` is a file of this size and hash. */
  async matches(path: string, { size, sha256 }: { size: number; sha256: string }): Promise<boolean> {
    try {
      const found = statOf(path);
      return found.isFile() && found.size === BigInt(size) && (await this.ofFile(path, found)) === sha256;
    } catch (cause) {
      const error = toIoError(cause, path);
      if (error.code === 'FILE_MISSING') return false;
      throw error;
    }
  }

  /** Notes the hash of a file that was just linked or copied from bytes with this hash. */
  remember(path: string, sha256: string): void {
    this.learn(memoKey(path, statOf(path)), sha256);
  }

  /** Keeps what was learnt. */
  async save(): Promise<void> {
    if (!this.learnt) return;
    await writeFileAtomic(this.memo, [...this.known].map((entry) => `${memoLine(...entry)}\n`).join(''));
    this.learnt = false;
  }

  /** A link in a folder counts by its text and its target's size and time: nothing outside the folder is opened. */
  private async ofEntry(path: string): Promise<string> {
    const found = orIoError(path, () => lstatSync(path, { bigint: true }));
    if (found.isFile()) return this.ofFile(path, found);
    if (!found.isSymbolicLink()) return sha256Text('neither file, folder nor link');
    const text = orIoError(path, () => readlinkSync(path));
    const target = targetOf(path);
    return sha256Text(target?.isFile() ? `link ${text}\0${target.size}\0${target.mtimeNs}` : `link ${text}`);
  }

  /** A known one at once, without a turn of the event loop: a folder may have 100,000 of them. */
  private ofFile(path: string, found: BigIntStats): string | Promise<string> {
    // Reading a pipe or a device might never end.
    if (!found.isFile()) {
      throw new StageError('NOT_A_FILE', 'expected a file', { file: path, hint: 'name a file' });
    }
    const key = memoKey(path, found);
    return this.known.get(key) ?? this.limit(() => this.read(path, key));
  }

  private async read(path: string, key: string): Promise<string> {
    const sha256 = await sha256File(path);
    this.learn(key, sha256);
    return sha256;
  }

  private learn(key: string, sha256: string): void {
    if (this.known.get(key) === sha256) return;
    this.known.set(key, sha256);
    this.learnt = true;
  }
}

function memoKey(path: string, { size, mtimeNs, ino }: BigIntStats): string {
  return createHash('sha256').update(`${path}\0${size}\0${mtimeNs}\0${ino}`).digest('base64url');
}

/** With a check: a bit of the hash that flipped on the disk would be believed. */
function memoLine(key: string, sha256: string): string {
  const text = `${key}\t${sha256}`;
  return `${text}\t${crc32(text).toString(16).padStart(8, '0')}`;
}

function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Synchronous, as all of the file tree: 3 us a file instead of 20. */
function statOf(path: string): BigIntStats {
  return orIoError(path, () => statSync(path, { bigint: true }));
}

/** What a link leads to; undefined where nothing is there or to be seen: it then counts by its text alone. */
function targetOf(link: string): BigIntStats | undefined {
  try {
    return statSync(link, { bigint: true });
  } catch (cause) {
    if (cause instanceof Error && 'errno' in cause) return undefined;
    throw cause;
  }
}

function orIoError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

function filesBelow(root: string, prefix: string): string[] {
  const folder = join(root, prefix);
  const entries = orIoError(folder, () => readdirSync(folder, { withFileTypes: true }));
  return entries.flatMap((entry) => {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, name) : [name];
  });
}
