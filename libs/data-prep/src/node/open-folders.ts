import { closeSync, constants, existsSync, openSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { MAX_OPEN_FOLDERS } from '../limits.js';

/** Never through a link: what stands under a folder's name may have changed since it was listed. */
const FOLDER_FLAGS = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Linux shows the open files of a process as links here, which lead to the very file, wherever it stands by now. */
const OPEN_FILES = `/proc/${process.pid}/fd`;

/**
 * The folders below a root, held open from their first use on, so that a path leads to what stands in the folder that
 * was listed: one that is moved away, and a link put in its place, is not followed. Where the system does not show open
 * files, a folder's place is checked before each use instead.
 */
export class OpenFolders {
  readonly #root: string;
  readonly #open = new Map<string, number>();
  readonly #canHold = existsSync(OPEN_FILES);
  /** Work that is under way, and whether the folders are to be let go once it is done. */
  #users = 0;
  #isClosing = false;

  /** `root`: its path without links. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Calls `work` with a path to `path`, which is relative to the root, with `/`, and without links but in its last part.
   * Throws what the system says, as ENOTDIR for a folder that has become a link.
   */
  async within<T>(path: string, work: (path: string) => T | Promise<T>): Promise<T> {
    const { folder, name } = parted(path);
    const opened = this.#folder(folder);
    this.#users += 1;
    try {
      return await work(`${opened.path}${sep}${name}`);
    } finally {
      this.#users -= 1;
      opened.release?.();
      if (this.#isClosing) this.close();
    }
  }

  /**
   * As `within`, for many paths; undefined stands for one whose folder is not held open, which is the case where too many
   * are, or it cannot be opened.
   */
  async withinMany<T>(
    paths: readonly string[],
    work: (paths: readonly (string | undefined)[]) => Promise<T>,
  ): Promise<T> {
    const opened = paths.map((path) => {
      const { folder, name } = parted(path);
      const file = this.#open.get(folder);
      return file === undefined ? undefined : `${OPEN_FILES}/${file}/${name}`;
    });
    this.#users += 1;
    try {
      return await work(opened);
    } finally {
      this.#users -= 1;
      if (this.#isClosing) this.close();
    }
  }

  /** As `within`, for work that waits. */
  withinSync<T>(path: string, work: (path: string) => T): T {
    const { folder, name } = parted(path);
    const opened = this.#folder(folder);
    try {
      return work(`${opened.path}${sep}${name}`);
    } finally {
      opened.release?.();
    }
  }

  /**
   * Lets go of the folders, once work under way is done: its path must not come to mean another file that the system
   * gives the same number. They are opened again where they are needed again.
   */
  close(): void {
    this.#isClosing = this.#users > 0;
    if (this.#isClosing) return;
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }

  #folder(folder: string): { path: string; release?: () => void } {
    if (!this.#canHold) return { path: this.#checked(folder) };
    const known = this.#open.get(folder);
    if (known !== undefined) return { path: `${OPEN_FILES}/${known}` };
    const file = this.#openFolder(folder);
    const path = `${OPEN_FILES}/${file}`;
    if (this.#open.size >= MAX_OPEN_FOLDERS) return { path, release: () => closeSync(file) };
    this.#open.set(folder, file);
    return { path };
  }

  /** Opens a folder from the one that holds it on. */
  #openFolder(folder: string): number {
    if (folder === '') return openSync(this.#root, FOLDER_FLAGS);
    return this.withinSync(folder, (path) => openSync(path, FOLDER_FLAGS));
  }

  #checked(folder: string): string {
    const path = folder === '' ? this.#root : join(this.#root, folder);
    if (realpathSync.native(path) === path) return path;
    throw Object.assign(new Error(`${path} has become a link`), { code: 'ENOTDIR' });
  }
}

/** The folder of a path, empty for the root, and the last part; the root itself is `.`. */
function parted(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}
