import pLimit from 'p-limit';
import { FileTree, type FoundEntry, type Need, type TreeFiles } from './file-tree.js';
import { isLiteral, leavesRoot, otherNames } from './image-name.js';
import { LOOKS, packLook, type ImageFacts } from './image-facts.js';
import {
  escape,
  faulty,
  fromState,
  isUsable,
  problem,
  unreadable,
  type ImageFinding,
  type ImageProblem,
} from './image-finding.js';
import { HEADER_BYTES, imageTypeOf } from './image-type.js';
import { HEADER_READS } from './limits.js';
import type { ByteSpan } from './name-table.js';

/** How closely an image is looked at: whether its file is there, also its first bytes, or all of its pixels. */
export type VerifyLevel = 'exists' | 'header' | 'decode';

/** Size and first `HEADER_BYTES` bytes of a regular file; `missing` where it is something else. */
export type FileHeader = { size: number; header: Uint8Array } | 'missing';

/** Sizes and first bytes of many files, side by side. */
export interface FileHeaders {
  /** -1 for a file that `readHeader` must be asked for. */
  sizes: Float64Array;
  /** How many of the first bytes were read. */
  lengths: Uint8Array;
  /** `HEADER_BYTES` for each file. */
  headers: Uint8Array;
}

/** The files below an image root; paths are relative to it, with `/`. `readHeader` never follows a link. */
export interface ImageFiles extends TreeFiles {
  /** Size and first bytes of a regular file: at once, or later where the disk is slow. */
  readHeader(path: string): FileHeader | 'unreadable' | Promise<FileHeader | 'unreadable'>;
  /** Reads the same of many, beside other work. Absent, or undefined, where that is no quicker. */
  readHeaders?(paths: readonly string[]): Promise<FileHeaders> | undefined;
  /** Decodes all of a regular file, or remembers what that gave before. Never follows a link. */
  decode(path: string): Promise<ImageFacts | 'missing' | 'unreadable'>;
  /** All bytes of a regular file; `too large`: more than `MAX_IMAGE_BYTES`. Never follows a link. */
  readBytes(path: string): Promise<Uint8Array | 'missing' | 'unreadable' | 'too large'>;
  /** Throws where the root has gone away since it was opened. */
  checkRoot(): Promise<void>;
  /** Lets go of what was opened. */
  close(): Promise<void>;
}

/**
 * Which images there are below a root. Folders are listed once, each image is looked at once, and nothing outside the
 * root is ever opened: names that leave it and links that point out of it are `PATH_ESCAPE`.
 */
export class ImageIndex {
  readonly #files: ImageFiles;
  readonly #tree: FileTree;
  readonly #verify: VerifyLevel;
  readonly #limit = pLimit(HEADER_READS);
  readonly #underway = new Map<string, Promise<void>>();
  /** Places and paths of images that `likenessesOf` was asked for, until `lookAhead`. */
  #wanted: { places: number[]; paths: string[] } = { places: [], paths: [] };
  #ahead: Promise<void> | undefined;

  constructor(files: ImageFiles, verify: VerifyLevel = 'header') {
    this.#files = files;
    this.#tree = new FileTree(files);
    this.#verify = verify;
  }

  /** Finds the image `name`: itself, or else the same stem with another extension (png, jpg, jpeg, gif, webp). */
  async resolve(name: string): Promise<ImageFinding> {
    for (;;) {
      const finding = this.#look(name);
      if (!('need' in finding)) return finding;
      await this.#once(finding);
    }
  }

  /** What `resolve` would give, where nothing has to be read for it any more; undefined otherwise. */
  get(name: string): ImageFinding | undefined {
    const finding = this.#look(name);
    return 'need' in finding ? undefined : finding;
  }

  /** What `resolve` gives, at once where nothing has to be waited for. */
  lookup(name: string): ImageFinding | Promise<ImageFinding> {
    for (;;) {
      const finding = this.#look(name);
      if (!('need' in finding)) return finding;
      const waiting = this.#once(finding);
      if (waiting !== undefined) return waiting.then(() => this.resolve(name));
    }
  }

  /**
   * The likeness of each image whose name has these bytes (ASCII), if nothing has to be waited for and it may be used
   * under that name: images of one likeness stand in one folder, have the same extension and were found to be alike but
   * for their size. Else 0: `lookup` tells why.
   */
  likenessesOf(names: readonly ByteSpan[]): number[] {
    const places = this.#tree.placesOf(names);
    return names.map((name, i) => this.#likenessAt(places[i] ?? -1, name));
  }

  #likenessAt(place: number, { bytes, begin, end }: ByteSpan): number {
    if (place === -1) return 0;
    const group = this.#tree.groupAt(place);
    const state = this.#tree.stateAt(place);
    if (group === 0) return 0;
    if (state === 'file' && this.#verify === 'exists') return group * LOOKS;
    if (state === 'file' && this.#verify === 'header') {
      this.#wanted.places.push(place);
      this.#wanted.paths.push(bytes.toString('latin1', begin, end));
      this.#tree.keep(place, 'wanted');
    }
    return typeof state === 'number' && isUsable(state) ? group * LOOKS + (state % LOOKS) : 0;
  }

  /**
   * Looks at the images that `likenessesOf` was asked for in vain, many side by side and beside other work; undefined where
   * that is done, or nothing is to be done.
   */
  lookAhead(): Promise<void> | undefined {
    const { places, paths } = this.#wanted;
    if (places.length === 0) return this.#ahead;
    this.#wanted = { places: [], paths: [] };
    const looking = this.#files.readHeaders?.(paths);
    if (looking === undefined) {
      for (const place of places) this.#tree.keep(place, 'alone');
      return this.#ahead;
    }
    const before = this.#ahead;
    const ahead = looking.then(async ({ sizes, lengths, headers }) => {
      for (const [i, place] of places.entries()) {
        const [size = -1, length = 0] = [sizes[i], lengths[i]];
        const begin = i * HEADER_BYTES;
        if (size < 0) this.#tree.keep(place, 'alone');
        else this.#keep(place, { size, type: imageTypeOf(headers, begin, begin + length) });
      }
      await before;
      if (this.#ahead === ahead) this.#ahead = undefined;
    });
    this.#ahead = ahead;
    ahead.catch(() => undefined);
    return ahead;
  }

  /** The bytes of the image that `resolve` finds under `name`, or what is wrong with it. */
  async readBytes(name: string): Promise<Uint8Array | ImageProblem> {
    const finding = await this.resolve(name);
    if ('problem' in finding) return finding;
    const entry = this.#tree.find(finding.found);
    const isThere = typeof entry !== 'string' && 'path' in entry;
    const bytes = isThere ? await this.#files.readBytes(entry.path) : 'missing';
    if (bytes === 'unreadable') return unreadable(name);
    if (bytes === 'missing') return problem('IMAGE_MISSING', name, 'went away since it was found');
    return bytes === 'too large' ? faulty(name, 'too many bytes') : bytes;
  }

  /** Throws where the root has gone away since it was opened: then what is missing says nothing. */
  async checkRoot(): Promise<void> {
    await this.#files.checkRoot();
  }

  /** Ends the use of the index: files that it keeps open are closed. */
  async close(): Promise<void> {
    await this.#files.close();
  }

  #look(name: string): ImageFinding | Need {
    const known = this.#known(name);
    if (known !== undefined) return known;
    if (leavesRoot(name)) return escape(name, 'names no file inside the image root');
    const named = this.#judge(name);
    if (named === 'outside') return escape(name, 'is a link that leaves the image root');
    if (named !== 'missing') return named;
    const folder = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
    for (const other of otherNames(name, (extension) => this.#tree.lacks(folder, extension))) {
      const finding = this.#judge(other);
      if (typeof finding !== 'string') return finding;
    }
    return problem('IMAGE_MISSING', name, 'is not there, under no extension');
  }

  /** What is known of `name` where its folder was listed and holds it: all that most samples need. */
  #known(name: string): ImageFinding | undefined {
    const place = this.#tree.placeOfText(name);
    if (place === -1 || !isLiteral(name)) return undefined;
    const state = this.#tree.stateAt(place);
    if (typeof state === 'number') return fromState(name, state);
    return state === 'file' && this.#verify === 'exists' ? { found: name } : undefined;
  }

  /** What is known of the file `name` itself. */
  #judge(name: string): ImageFinding | Need | 'missing' | 'outside' {
    const entry = this.#tree.find(name);
    if (entry === 'unreadable') return unreadable(name);
    if (typeof entry === 'string' || 'need' in entry) return entry;
    const { state } = entry;
    if (state === 'unreadable') return unreadable(name);
    if (state === 'file' && this.#verify === 'exists') return { found: name };
    if (state === 'wanted') return { need: 'look ahead', fulfil: () => this.lookAhead() };
    if (state === 'file' || state === 'alone') return this.#lookAt(entry);
    return typeof state === 'number' ? fromState(name, state) : 'missing';
  }

  #lookAt({ path, place }: FoundEntry): Need {
    const fulfil = () => {
      if (this.#verify === 'header') return this.#readHeader(place, path);
      return this.#limit(() => this.#files.decode(path)).then((facts) => this.#keep(place, facts));
    };
    return { need: `look ${path}`, fulfil };
  }

  /** Undefined where nothing has to be waited for: then the file's state is known. */
  #readHeader(place: number, path: string): Promise<void> | undefined {
    const header = this.#files.readHeader(path);
    if (header instanceof Promise) return header.then((late) => this.#keep(place, factsOf(late)));
    this.#keep(place, factsOf(header));
    return undefined;
  }

  #keep(place: number, facts: ImageFacts | 'missing' | 'unreadable'): void {
    this.#tree.keep(place, typeof facts === 'string' ? facts : facts.size * LOOKS + packLook(facts));
  }

  /** Several samples may wait for the same file; undefined where nothing has to be waited for. */
  #once(needed: Need): Promise<void> | undefined {
    const underway = this.#underway.get(needed.need);
    if (underway !== undefined) return underway;
    const work = needed.fulfil();
    if (work === undefined) return undefined;
    const started = work.finally(() => this.#underway.delete(needed.need));
    this.#underway.set(needed.need, started);
    // What goes wrong is thrown where it is awaited; until then it is not an unhandled error.
    started.catch(() => undefined);
    return started;
  }
}

function factsOf(file: FileHeader | 'unreadable'): ImageFacts | 'missing' | 'unreadable' {
  return typeof file === 'string' ? file : { size: file.size, type: imageTypeOf(file.header) };
}
