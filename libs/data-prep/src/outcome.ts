import { imageNameOf } from './clean-sample.js';
import type { ChangeRule, DropCode } from './codes.js';
import type { ImageFinding } from './image-finding.js';
import { leavesRoot } from './image-name.js';
import { mislabelOf } from './image-type.js';
import { MAX_NAME_LENGTH, MAX_SOURCES } from './limits.js';
import { isRecord } from './sample.js';

/** What became of a sample, as far as the report tells it: many samples have the same outcome. */
export interface Outcome {
  /** Which annotation file it comes from, counted from 0. */
  input: number;
  /** Folder of its image, `text only` or `unknown`. */
  source: string;
  /** Why it was dropped; absent where it was kept. */
  code?: DropCode | undefined;
  changes: readonly ChangeRule[];
  mislabel?: string | undefined;
  /** What is unusual about its picture. */
  notes: readonly string[];
  /** Whether it is the first that names an image to be fetched again. */
  toFetch?: boolean | undefined;
}

/** The source of samples without an image. */
export const TEXT_SOURCE = 'text only';

/** What the rules say of a sample. */
export type Verdict =
  | { kept: true; changes: readonly ChangeRule[]; image?: ImageFinding | undefined }
  | { kept: false; code: DropCode };

const NOTHING: readonly never[] = [];

/** Numbers outcomes, so that each sample's is one number. */
export class Outcomes {
  readonly #ids = new Map<string, number>();
  /** Those that many samples of the file `#input` have, so that nothing has to be made or compared for these. */
  readonly #common = new Map<number, Outcome>();
  readonly #commonIds = new Map<Outcome, number>();
  #input = 0;
  readonly #list: Outcome[] = [];
  readonly #folders = new Map<string, string>();
  readonly #sources = new Set<string>();

  /** All outcomes so far; an outcome's number is its place. */
  get list(): readonly Outcome[] {
    return this.#list;
  }

  /** The outcome of a sample of file `input` whose image comes from `source`. */
  of(input: number, source: string, verdict: Verdict): Outcome {
    if (!verdict.kept) return { input, source, code: verdict.code, changes: NOTHING, notes: NOTHING };
    const { changes, image } = verdict;
    const seen = image === undefined || 'problem' in image ? undefined : image;
    const mislabel = seen?.type === undefined ? undefined : mislabelOf(seen.found, seen.type);
    const notes = seen?.notes ?? NOTHING;
    return mislabel === undefined
      ? { input, source, changes, notes }
      : { input, source, changes, notes, mislabel };
  }

  /** The outcome that is remembered under `key` for file `input`, or else is made now. */
  common(input: number, key: number, make: () => Outcome): Outcome {
    if (input !== this.#input) {
      this.#common.clear();
      this.#commonIds.clear();
      this.#input = input;
    }
    const known = this.#common.get(key);
    if (known !== undefined) return known;
    const outcome = make();
    this.#common.set(key, outcome);
    this.#commonIds.set(outcome, this.idOf(outcome));
    return outcome;
  }

  /** The number of an outcome. */
  idOf(outcome: Outcome): number {
    const quick = this.#commonIds.get(outcome);
    if (quick !== undefined) return quick;
    const { input, source, code = '', changes, mislabel = '', notes, toFetch = false } = outcome;
    const key = `${input}|${code}|${changes.join()}|${mislabel}|${notes.join()}|${toFetch}|${source}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#ids.set(key, this.#list.length);
    return this.#list.push(outcome) - 1;
  }

  /** The source of a sample whose JSON has the value `value`; undefined is what could not be parsed. */
  sourceOfValue(value: unknown, isKept: boolean): string {
    const name = imageNameOf(value);
    if (name !== undefined) return this.sourceOf(name, isKept);
    return isRecord(value) && !Object.hasOwn(value, 'image') ? TEXT_SOURCE : 'unknown';
  }

  /** The source of a sample that names the image `name`; one of `MAX_SOURCES`, or `other`. */
  sourceOf(name: string, isKept: boolean): string {
    if (name.length > MAX_NAME_LENGTH || (!isKept && leavesRoot(name))) return 'unknown';
    const path = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const folder = folderOf(name);
    if (this.#sources.size < MAX_SOURCES) this.#sources.add(folder);
    const source = this.#sources.has(folder) ? folder : 'other';
    if (this.#folders.size < MAX_SOURCES) this.#folders.set(path, source);
    return source;
  }
}

/** The first two folders of an image's name; `.` where it has none. */
export function folderOf(name: string): string {
  const parts = name.split('/').slice(0, -1);
  return (
    parts
      .filter((part) => part !== '' && part !== '.')
      .slice(0, 2)
      .join('/') || '.'
  );
}
