import { chmod, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Receipt } from '../receipt.js';
import { resolveInside } from '../resolve-inside.js';
import { sha256File, type Fingerprints } from './fingerprint.js';
import { toIoError } from './io-error.js';
import { linkOrCopy } from './link-or-copy.js';

type StoredFile = Receipt['files'][number];

/** Artifacts by their SHA-256, read-only, below one folder. Nothing is in it whose hash is not known. */
export class ContentStore {
  constructor(
    private readonly folder: string,
    private readonly fingerprints: Fingerprints,
  ) {}

  /**
   * Takes all files below `folder` into the store, by link where possible, and lists them in sorted order. What is
   * remembered of them, because it was hashed while it was written or under another name, is not read again.
   */
  async take(folder: string): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    for (const path of (await filesBelow(folder)).sort()) {
      const source = join(folder, path);
      const sha256 = this.fingerprints.known(source) ?? (await sha256File(source));
      const { size } = await stat(source);
      files.push({ path, size, sha256 });
      if (await this.holds({ size, sha256 })) continue;
      const target = this.pathOf(sha256);
      const own = await lstat(source);
      await linkOrCopy(source, target);
      // A file with other names may be somebody else's as well: its mode is not ours to change.
      if (own.isFile() && own.nlink === 1) await chmod(target, 0o444);
      this.fingerprints.remember(target, sha256);
    }
    return files;
  }

  /** Whether the store has these bytes, undamaged. A damaged file is removed from the store. */
  async holds(file: Pick<StoredFile, 'size' | 'sha256'>): Promise<boolean> {
    const path = this.pathOf(file.sha256);
    if (await this.fingerprints.matches(path, file)) return true;
    await rm(path, { force: true, recursive: true });
    return false;
  }

  /** Links `files` out below `folder`. Call it for files that the store holds. */
  async place(files: readonly StoredFile[], folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const file of files) await linkOrCopy(this.pathOf(file.sha256), resolveInside(folder, file.path));
  }

  private pathOf(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }
}

/** Relative names of everything below `folder` that is no folder, with `/`. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw toIoError(cause, folder);
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => posix.join(posix.relative(folder, entry.parentPath), entry.name));
}
