import { isLiteral } from './image-name.js';
import { MAX_LINKS } from './limits.js';
import { NameTable, type ByteSpan } from './name-table.js';

/** What a folder's entry is. A link's target is looked up in the tree, so a link out of the root is never followed. */
export type EntryKind = 'file' | 'folder' | 'link' | 'other';

/** Where a link leads: path segments from the folder that it stands in or, `fromRoot`, from the root of the tree. */
export interface LinkTarget {
  fromRoot: boolean;
  segments: readonly string[];
}

/** What a tree of files is made of; paths are relative to its root, with `/`; the root is the empty path. */
export interface TreeFiles {
  /** Calls `add` with each entry's name and kind. */
  list(
    folder: string,
    add: (name: string, kind: EntryKind) => void,
  ): Promise<'listed' | 'missing' | 'unreadable'>;
  readLink(path: string): Promise<LinkTarget | 'outside' | 'missing'>;
}

/**
 * What is known of an entry: its kind, that it cannot be used, that it is being looked at among others, that it must be
 * looked at alone, or a number that the tree's owner keeps for it.
 */
export type EntryState = EntryKind | 'missing' | 'unreadable' | 'wanted' | 'alone' | number;

/** The states that are words, which the table holds as negative numbers: the first is -1. */
const WORDS = ['file', 'folder', 'link', 'other', 'missing', 'unreadable', 'wanted', 'alone'] as const;

/** A folder as far as it is known: `entries` is undefined until it has been listed. */
interface Folder {
  path: string;
  parent: Folder | undefined;
  entries: 'listed' | 'missing' | 'unreadable' | undefined;
  folders: Map<string, Folder>;
  links: Map<string, LinkTarget | 'outside' | 'missing'>;
}

/** A file, found under its true path; `place` is its number in the tree. */
export interface FoundEntry {
  path: string;
  state: EntryState;
  place: number;
}

/** Something that must be read before a path can be followed further. */
export interface Need {
  /** Equal for equal needs. */
  need: string;
  fulfil(): Promise<void> | undefined;
}

/**
 * The files below a root, learnt folder by folder: each is listed once, and a path is followed through the lists alone.
 * Memory: one table entry (`NameTable`) a file of the listed folders.
 */
export class FileTree {
  readonly #files: TreeFiles;
  readonly #root: Folder = newFolder('', undefined);
  /** The folders that were listed by their true path, with the extensions of their entries. */
  readonly #listed = new Map<string, ReadonlyMap<string, number>>();
  #groups = 0;
  /** The true paths of all entries of these. */
  readonly #entries = new NameTable();

  constructor(files: TreeFiles) {
    this.#files = files;
  }

  /** The place of each entry whose true path has these bytes; -1 where none is known. */
  placesOf(paths: readonly ByteSpan[]): Int32Array {
    return this.#entries.findMany(paths);
  }

  /** The same of a true path given as text. */
  placeOfText(path: string): number {
    return this.#entries.findText(path);
  }

  /** What is known of the entry at a place. */
  stateAt(place: number): EntryState {
    const value = this.#entries.valueAt(place);
    return value >= 0 ? value : (WORDS[-1 - value] ?? 'other');
  }

  /** Remembers something about the entry at a place. */
  keep(place: number, state: EntryState): void {
    this.#entries.setValue(place, numberOf(state));
  }

  /**
   * A number above 0 that entries share which stand in one folder with the same extension, if their path can mean
   * nothing but itself; else 0.
   */
  groupAt(place: number): number {
    return this.#entries.groupAt(place);
  }

  /** Whether the folder whose true path is `path` has been listed, and holds nothing with this extension. */
  lacks(path: string, extension: string): boolean {
    return this.#listed.get(path)?.has(extension) === false;
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
      if (folder.entries !== 'listed') return folder.entries;
      const path = joined(folder.path, name);
      const place = this.#entries.findText(path);
      const state = place === -1 ? undefined : this.stateAt(place);
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
        return state === undefined || todo.length > 0 ? 'missing' : { path, state, place };
      }
    }
    return 'missing';
  }

  #list(folder: Folder): Need {
    return {
      need: `list ${folder.path}`,
      fulfil: async () => {
        const groups = new Map<string, number>();
        const add = (name: string, kind: EntryKind) => this.#add(folder.path, name, kind, groups);
        folder.entries = await this.#files.list(folder.path, add);
        if (folder.entries === 'listed') this.#listed.set(folder.path, groups);
      },
    };
  }

  /** `groups`: those of the folder, by extension. */
  #add(folder: string, name: string, kind: EntryKind, groups: Map<string, number>): void {
    const path = joined(folder, name);
    const extension = name.slice(name.lastIndexOf('.') + 1);
    let group = groups.get(extension);
    if (group === undefined) {
      this.#groups += 1;
      group = this.#groups;
      groups.set(extension, group);
    }
    this.#entries.add(path, numberOf(kind), isLiteral(path) ? group : 0);
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

function numberOf(state: EntryState): number {
  return typeof state === 'number' ? state : -1 - WORDS.indexOf(state);
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
