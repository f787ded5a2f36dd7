import { MAX_LINKS } from './limits.js';

/** What a folder's entry is. A link's target is looked up in the tree, so a link out of the root is never followed. */
export type EntryKind = 'file' | 'folder' | 'link' | 'other';

/** Where a link leads: path segments from the folder that it stands in or, `fromRoot`, from the root of the tree. */
export interface LinkTarget {
  fromRoot: boolean;
  segments: readonly string[];
}

/** What a tree of files is made of; paths are relative to its root, with `/`; the root is the empty path. */
export interface TreeFiles {
  list(folder: string): Promise<Map<string, EntryKind> | 'missing' | 'unreadable'>;
  readLink(path: string): Promise<LinkTarget | 'outside' | 'missing'>;
}

/** What is known of an entry: its kind, that it cannot be used, or a number that the tree's owner keeps for it. */
export type EntryState = EntryKind | 'missing' | 'unreadable' | number;

/** A folder as far as it is known: `entries` is undefined until it has been listed. */
interface Folder {
  path: string;
  parent: Folder | undefined;
  entries: Map<string, EntryState> | 'missing' | 'unreadable' | undefined;
  folders: Map<string, Folder>;
  links: Map<string, LinkTarget | 'outside' | 'missing'>;
}

/** A file, found under its true path; `keep` remembers something about it. */
export interface FoundEntry {
  path: string;
  state: EntryState;
  keep(state: EntryState): void;
}

/** Something that must be read before a path can be followed further. */
export interface Need {
  /** Equal for equal needs. */
  need: string;
  fulfil(): Promise<void> | undefined;
}

/**
 * The files below a root, learnt folder by folder: each is listed once, and a path is followed through the lists alone.
 * Memory: one table entry a file of the listed folders.
 */
export class FileTree {
  readonly #files: TreeFiles;
  readonly #root: Folder = newFolder('', undefined);
  /** The folders that were listed, by their true path. */
  readonly #listed = new Map<string, Folder>();

  constructor(files: TreeFiles) {
    this.#files = files;
  }

  /** What stands under `name` in the folder whose true path is `path`, where that folder has been listed. */
  known(path: string, name: string): EntryState | undefined {
    const entries = this.#listed.get(path)?.entries;
    return entries instanceof Map ? entries.get(name) : undefined;
  }

  /** Whether the folder whose true path is `path` has been listed, and holds nothing under `name`. */
  lacks(path: string, name: string): boolean {
    const entries = this.#listed.get(path)?.entries;
    return entries instanceof Map && !entries.has(name);
  }

  /**
   * Follows `path` (with `/`), links included: what stands there, or what must be read first. `missing`: nothing, or a
   * folder; `outside`: a link or `..` leaves the root.
   */
  find(path: string): FoundEntry | 'missing' | 'unreadable' | 'outside' | Need {
    const todo = path.split('/').reverse();
    let folder = this.#root;
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (folder.parent === undefined) return 'outside';
        folder = folder.parent;
        continue;
      }
      if (folder.entries === undefined) return this.#list(folder);
      if (typeof folder.entries === 'string') return folder.entries;
      const state = folder.entries.get(name);
      if (state === 'folder') {
        folder = childOf(folder, name);
      } else if (state === 'link') {
        const target = folder.links.get(name);
        links += 1;
        if (target === undefined) return this.#readLink(folder, name);
        if (typeof target === 'string') return target;
        if (links > MAX_LINKS) return 'missing';
        if (target.fromRoot) folder = this.#root;
        todo.push(...target.segments.toReversed());
      } else {
        return state === undefined || todo.length > 0
          ? 'missing'
          : foundIn(folder.entries, folder.path, name, state);
      }
    }
    return 'missing';
  }

  #list(folder: Folder): Need {
    return {
      need: `list ${folder.path}`,
      fulfil: async () => {
        folder.entries = await this.#files.list(folder.path);
        this.#listed.set(folder.path, folder);
      },
    };
  }

  #readLink(folder: Folder, name: string): Need {
    const path = joined(folder.path, name);
    return {
      need: `link ${path}`,
      fulfil: async () => {
        folder.links.set(name, await this.#files.readLink(path));
      },
    };
  }
}

function foundIn(
  entries: Map<string, EntryState>,
  folder: string,
  name: string,
  state: EntryState,
): FoundEntry {
  return { path: joined(folder, name), state, keep: (next) => entries.set(name, next) };
}

function childOf(parent: Folder, name: string): Folder {
  const known = parent.folders.get(name);
  if (known !== undefined) return known;
  const child = newFolder(joined(parent.path, name), parent);
  parent.folders.set(name, child);
  return child;
}

function newFolder(path: string, parent: Folder | undefined): Folder {
  return { path, parent, entries: undefined, folders: new Map(), links: new Map() };
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
