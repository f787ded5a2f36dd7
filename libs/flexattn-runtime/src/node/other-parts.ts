import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { groupsOfShard } from '../work-queue.js';
import type { NumberedItem, PictureGroup, Shard, SharedWork } from '../work-queue.js';
import { parsePartLine, partFile } from './answer-journal.js';
import type { AnswerJournal } from './answer-journal.js';

/** What is known of the file of one part. */
interface PartFile {
  file: string;
  /** Of the file that was read: a part that is started again writes a new one. */
  inode: number;
  /** Bytes that were read, up to the end of the last whole line. */
  read: number;
  isOfThisRun: boolean;
  answered: Set<number>;
  taken: Set<number>;
}

/** Another part: what it tells, and its groups, the last first, since it takes them from the front. */
interface Part {
  told: PartFile;
  groups: PictureGroup[];
}

export interface OtherPartsOptions {
  /** File of the whole run's answers. */
  out: string;
  /** The part that is ours. */
  shard: Shard;
  /** Of the run; files of another one are none of ours. */
  key: string;
  /** Of the whole run. */
  groups: readonly PictureGroup[];
  journal: AnswerJournal;
}

/**
 * What the other parts of a run have answered and are about to answer, as far as their files tell, which grow while
 * they are read: on a shared folder, a part that has nothing left takes pictures from the others. Two that take the
 * same at the same moment both answer it, with the same bytes.
 */
export class OtherParts implements SharedWork {
  readonly #key: string;
  readonly #journal: AnswerJournal;
  readonly #parts: Part[];
  /** Items that were taken here. */
  readonly #own = new Set<number>();

  constructor({ out, shard, key, groups, journal }: OtherPartsOptions) {
    this.#key = key;
    this.#journal = journal;
    const { index, count } = shard;
    // Each begins with its neighbour, so that not all help the same one.
    this.#parts = Array.from({ length: count - 1 }, (_, step) => {
      const other = { index: (index + step + 1) % count, count };
      return { told: unread(partFile(out, other)), groups: groupsOfShard(groups, other).reverse() };
    });
  }

  /** Items that the others have answered. */
  get answered(): number {
    return this.#parts.reduce((sum, { told }) => sum + told.answered.size, 0);
  }

  look(): void {
    for (const { told } of this.#parts) this.#read(told);
  }

  has(index: number): boolean {
    return this.#parts.some(({ told }) => told.answered.has(index) || told.taken.has(index));
  }

  next(): PictureGroup | undefined {
    for (const { told, groups } of this.#parts) {
      // A part that has not begun may run where nothing is shared: its work is left to it.
      if (!told.isOfThisRun) continue;
      for (const { image, items } of groups) {
        const free = items.filter(({ index }) => !this.#isSettled(index));
        if (free.length > 0) return { image, items: free };
      }
    }
    return undefined;
  }

  took(items: readonly NumberedItem[]): void {
    const indices = items.map(({ index }) => index);
    for (const index of indices) this.#own.add(index);
    this.#journal.take(indices);
  }

  #isSettled(index: number): boolean {
    return this.#own.has(index) || this.#journal.answers.has(index) || this.has(index);
  }

  #read(part: PartFile): void {
    for (const line of newLines(part)) {
      const value = parsePartLine(line);
      if (value === undefined) continue;
      if ('key' in value) part.isOfThisRun = value.key === this.#key;
      else if (!part.isOfThisRun) continue;
      else if ('taken' in value) for (const index of value.taken) part.taken.add(index);
      else if ('stopped' in value) part.taken.clear();
      else if ('id' in value) part.answered.add(value.index);
    }
  }
}

function unread(file: string): PartFile {
  return { file, inode: 0, read: 0, isOfThisRun: false, answered: new Set(), taken: new Set() };
}

/** The whole lines that were added to a part's file; all of them where it is a new file. */
function newLines(part: PartFile): string[] {
  if (!existsSync(part.file)) return [];
  const descriptor = openSync(part.file, 'r');
  try {
    const { ino, size } = fstatSync(descriptor);
    if (ino !== part.inode || size < part.read) Object.assign(part, unread(part.file), { inode: ino });
    const bytes = Buffer.alloc(size - part.read);
    const end = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, part.read)).lastIndexOf('\n');
    part.read += end + 1;
    return end < 0 ? [] : bytes.toString('utf8', 0, end).split('\n');
  } finally {
    closeSync(descriptor);
  }
}
