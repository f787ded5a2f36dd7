import { createHash, hash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { StageError } from '../errors.js';
import { HashLines } from '../hash-lines.js';
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

/** What a folder holds that is no folder. */
interface Entry {
  /** Relative to the folder. */
  name: string;
  /** Whether its bytes count; else its mark alone. */
  isFile: boolean;
  /** What is to be seen of it without reading it; other bytes have another. */
  mark: string;
}

/**
 * Hashes of files and folders that remember (path, size, mtime, inode): an unchanged 1 GB file costs one `stat`, a
 * folder one of each file. A folder's hash covers the relative names and the bytes of all files in it in sorted order;
 * links are not followed.
 */
export class Fingerprints {
  /** By their keys, what the memo does not have. */
  private readonly learnt = new Map<string, string>();
  private readonly limit = pLimit(CONCURRENT_FILES);

  private constructor(
    private readonly memo: string,
    private kept: HashLines,
    private readonly others: readonly HashLines[],
  ) {}

  /**
   * Opens the memo file; one that is missing is started anew, torn and damaged lines count for nothing: it only saves time.
   *
   * @param others memos whose lines count as well; they are not written to
   */
  static async open(memo: string, others: readonly string[] = []): Promise<Fingerprints> {
    const [kept, ...rest] = await Promise.all([linesOf(memo), ...others.map(linesOf)]);
    return new Fingerprints(memo, kept, rest);
  }

  /** SHA-256 of a file's bytes, or of a folder's names and bytes. */
  async of(path: string): Promise<string> {
    const found = statOf(path);
    if (!found.isDirectory()) return this.ofFile(path, found);
    const seen = seenBelow(path, '', []);
    const key = folderKey(path, seen);
    const known = this.remembered(key);
    if (known !== undefined) return known;
    const entries = seen.sort().map(entryOf);
    const hashes = await Promise.all(entries.map(async (entry) => this.ofEntry(path, entry)));
    const sha256 = sha256Text(entries.map(({ name }, i) => `${name}\0${hashes[i] ?? ''}\n`).join(''));
    this.learn(key, sha256);
    return sha256;
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

  /** The hash of a file where it is remembered; nothing is read. */
  known(path: string): string | undefined {
    return this.remembered(memoKey(path, markOf(statOf(path))));
  }

  /** Notes the hash of a file that was just written, linked or copied from bytes with this hash. */
  remember(path: string, sha256: string): void {
    this.learn(memoKey(path, markOf(statOf(path))), sha256);
  }

  /** Keeps what was learnt. */
  async save(): Promise<void> {
    if (this.learnt.size === 0) return;
    const text = this.kept.with(this.learnt);
    await writeFileAtomic(this.memo, text);
    this.kept = HashLines.of(Buffer.from(text, 'latin1'));
    this.learnt.clear();
  }

  private ofEntry(folder: string, { name, isFile, mark }: Entry): string | Promise<string> {
    return isFile ? this.ofMarked(join(folder, name), mark) : sha256Text(mark);
  }

  private ofFile(path: string, found: BigIntStats): string | Promise<string> {
    // Reading a pipe or a device might never end.
    if (!found.isFile()) {
      throw new StageError('NOT_A_FILE', 'expected a file', { file: path, hint: 'name a file' });
    }
    return this.ofMarked(path, markOf(found));
  }

  /** A known one at once, without a turn of the event loop: a folder may have 100,000 of them. */
  private ofMarked(path: string, mark: string): string | Promise<string> {
    const key = memoKey(path, mark);
    return this.remembered(key) ?? this.limit(() => this.read(path, key));
  }

  private async read(path: string, key: string): Promise<string> {
    const sha256 = await sha256File(path);
    this.learn(key, sha256);
    return sha256;
  }

  private learn(key: string, sha256: string): void {
    if (this.remembered(key) !== sha256) this.learnt.set(key, sha256);
  }

  private remembered(key: string): string | undefined {
    const found = this.learnt.get(key) ?? this.kept.get(key);
    if (found !== undefined) return found;
    for (const other of this.others) {
      const elsewhere = other.get(key);
      if (elsewhere !== undefined) return elsewhere;
    }
    return undefined;
  }
}

/** Those of a memo file; none where it is missing. */
async function linesOf(memo: string): Promise<HashLines> {
  try {
    return HashLines.of(await readFile(memo));
  } catch (cause) {
    const error = toIoError(cause, memo);
    if (error.code !== 'FILE_MISSING') throw error;
    return HashLines.of(Buffer.alloc(0));
  }
}

function markOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}\0${mtimeNs}\0${ino}`;
}

function memoKey(path: string, mark: string): string {
  return hash('sha256', `${path}\0${mark}`, 'base64url');
}

/** Of everything that is to be seen of the folder: one hash for 100,000 files. No file has such a path. */
function folderKey(path: string, seen: readonly string[]): string {
  return hash('sha256', `\0folder\0${path}\n${seen.join('\n')}\n`, 'base64url');
}

function sha256Text(text: string): string {
  return hash('sha256', text, 'hex');
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

/** A text for each: its name, `file` or `other`, and its mark, with NUL between. */
function seenBelow(root: string, prefix: string, seen: string[]): string[] {
  const folder = `${root}/${prefix}`;
  for (const entry of orIoError(folder, () => readdirSync(folder, { withFileTypes: true }))) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) seenBelow(root, `${name}/`, seen);
    else seen.push(`${name}\0${seenAt(`${root}/${name}`)}`);
  }
  return seen;
}

/** A link counts by its text and its target's size and time: nothing outside the folder is opened. */
function seenAt(path: string): string {
  const found = orIoError(path, () => lstatSync(path, { bigint: true }));
  if (found.isFile()) return `file\0${markOf(found)}`;
  if (!found.isSymbolicLink()) return 'other\0neither file, folder nor link';
  const text = orIoError(path, () => readlinkSync(path));
  const target = targetOf(path);
  return target?.isFile() ? `other\0link ${text}\0${target.size}\0${target.mtimeNs}` : `other\0link ${text}`;
}

function entryOf(seen: string): Entry {
  const [name = '', kind = '', ...mark] = seen.split('\0');
  return { name, isFile: kind === 'file', mark: mark.join('\0') };
}
