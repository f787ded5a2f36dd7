import pLimit from 'p-limit';
import { FileTree, type FoundEntry, type Need, type TreeFiles } from './file-tree.js';
import { leavesRoot, otherNames } from './image-name.js';
import { IMAGE_TYPES, imageTypeOf, type ImageType } from './image-type.js';
import { HEADER_READS } from './limits.js';
import { quote } from './quote.js';

/** How closely an image is looked at: whether its file is there, or also what its first bytes are. */
export type VerifyLevel = 'exists' | 'header';

/** An image that may be used under the name `found` (size and type at level `header`), or what is wrong with it. */
export type ImageFinding = { found: string; size?: number; type?: ImageType } | ImageProblem;
export interface ImageProblem {
  problem: 'PATH_ESCAPE' | 'IMAGE_MISSING' | 'IMAGE_UNREADABLE' | 'IMAGE_EMPTY' | 'IMAGE_UNKNOWN';
  /** One line for a person. */
  detail: string;
}

/** The files below an image root; paths are relative to it, with `/`. `readHeader` never follows a link. */
export interface ImageFiles extends TreeFiles {
  /** Size and first `HEADER_BYTES` bytes of a regular file. */
  readHeader(path: string): Promise<{ size: number; header: Uint8Array } | 'missing' | 'unreadable'>;
  /** Throws where the root has gone away since it was opened. */
  checkRoot(): Promise<void>;
}

/**
 * Which images there are below a root. Folders are listed once, the first bytes of each image are read once, and
 * nothing outside the root is ever opened: names that leave it and links that point out of it are `PATH_ESCAPE`.
 */
export class ImageIndex {
  readonly #files: ImageFiles;
  readonly #tree: FileTree;
  readonly #verify: VerifyLevel;
  readonly #limit = pLimit(HEADER_READS);
  readonly #underway = new Map<string, Promise<void>>();

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

  /** Throws where the root has gone away since it was opened: then what is missing says nothing. */
  async checkRoot(): Promise<void> {
    await this.#files.checkRoot();
  }

  #look(name: string): ImageFinding | Need {
    if (leavesRoot(name)) return escape(name, 'leaves the image root');
    const named = this.#judge(name);
    if (named === 'outside') return escape(name, 'is a link that leaves the image root');
    if (named !== 'missing') return named;
    for (const other of otherNames(name)) {
      const finding = this.#judge(other);
      if (typeof finding !== 'string') return finding;
    }
    return problem('IMAGE_MISSING', name, 'is not there, under no extension');
  }

  /** What is known of the file `name` itself. */
  #judge(name: string): ImageFinding | Need | 'missing' | 'outside' {
    const entry = this.#tree.find(name);
    if (entry === 'unreadable') return unreadable(name);
    if (typeof entry === 'string' || 'need' in entry) return entry;
    const { state } = entry;
    if (state === 'unreadable') return unreadable(name);
    if (state === 'file') return this.#verify === 'exists' ? { found: name } : this.#header(entry);
    return typeof state === 'number' ? fromHeader(name, unpack(state)) : 'missing';
  }

  #header(entry: FoundEntry): Need {
    const read = async () => {
      const file = await this.#files.readHeader(entry.path);
      entry.keep(typeof file === 'string' ? file : pack(file.size, imageTypeOf(file.header)));
    };
    return { need: `header ${entry.path}`, fulfil: () => this.#limit(read) };
  }

  /** Several samples may wait for the same file. */
  #once(needed: Need): Promise<void> {
    const underway = this.#underway.get(needed.need);
    if (underway !== undefined) return underway;
    const started = needed.fulfil().finally(() => this.#underway.delete(needed.need));
    this.#underway.set(needed.need, started);
    return started;
  }
}

/** Size and type in one number, so that a verified image costs no memory of its own: size * 8 + place of the type. */
function pack(size: number, type: ImageType | undefined): number {
  return size * 8 + (type === undefined ? IMAGE_TYPES.length : IMAGE_TYPES.indexOf(type));
}

function unpack(state: number): { size: number; type: ImageType | undefined } {
  return { size: Math.floor(state / 8), type: IMAGE_TYPES[state % 8] };
}

function fromHeader(
  name: string,
  { size, type }: { size: number; type: ImageType | undefined },
): ImageFinding {
  if (size === 0) return problem('IMAGE_EMPTY', name, 'has 0 bytes');
  if (type === undefined)
    return problem('IMAGE_UNKNOWN', name, `does not begin like one of ${IMAGE_TYPES.join(', ')}`);
  return { found: name, size, type };
}

function escape(name: string, what: string): ImageProblem {
  return problem('PATH_ESCAPE', name, what);
}

function unreadable(name: string): ImageProblem {
  return problem('IMAGE_UNREADABLE', name, 'may not be read: check its owner and mode');
}

function problem(code: ImageProblem['problem'], name: string, what: string): ImageProblem {
  return { problem: code, detail: `image: ${quote(name)} ${what}` };
}
