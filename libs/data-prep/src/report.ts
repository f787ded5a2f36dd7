import type { ChangeRule, DropCode } from './codes.js';
import { imageNameOf, type SampleResult } from './clean-sample.js';
import { leavesRoot } from './image-name.js';
import { mislabelOf } from './image-type.js';
import { MAX_NAME_LENGTH, MAX_SOURCES } from './limits.js';
import { isRecord } from './sample.js';

/** Counts of samples: a kept sample with two rules is counted under both. */
export interface SampleCounts {
  samples: number;
  kept: number;
  /** Kept with their own bytes. */
  untouched: number;
  changed: Partial<Record<ChangeRule, number>>;
  dropped: Partial<Record<DropCode, number>>;
}

/** What was done to an annotation file; the same for the same input, whenever and wherever it is made. */
export interface CleanReport extends SampleCounts {
  /** By folder of the image (its first two parts), `text only`, or `unknown` where the sample tells no usable name. */
  sources: Record<string, SampleCounts>;
  /** Kept samples whose image has other bytes than its extension says: `.jpg is png`. */
  mislabelled: Record<string, number>;
}

/** Counts what becomes of samples. */
export class CleanTally {
  readonly #total = newCounts();
  readonly #sources = new Map<string, SampleCounts>();
  readonly #mislabelled = new Map<string, number>();

  /** Counts one sample; `value` is undefined where it could not be parsed. */
  add(value: unknown, result: SampleResult): void {
    const source = this.#countsOf(sourceOf(value, result));
    for (const counts of [this.#total, source]) count(counts, result);
    if (!result.kept || result.image === undefined || 'problem' in result.image) return;
    const { found, type } = result.image;
    const mislabel = type === undefined ? undefined : mislabelOf(found, type);
    if (mislabel !== undefined) this.#mislabelled.set(mislabel, (this.#mislabelled.get(mislabel) ?? 0) + 1);
  }

  /** The counts so far; names in the order of their characters. */
  report(): CleanReport {
    const sources = sorted([...this.#sources].map(([name, counts]) => [name, sortedCounts(counts)]));
    return { ...sortedCounts(this.#total), sources, mislabelled: sorted([...this.#mislabelled]) };
  }

  #countsOf(name: string): SampleCounts {
    const key = this.#sources.has(name) || this.#sources.size < MAX_SOURCES ? name : 'other';
    const counts = this.#sources.get(key) ?? newCounts();
    this.#sources.set(key, counts);
    return counts;
  }
}

/** The folder that a sample's image comes from. */
function sourceOf(value: unknown, result: SampleResult): string {
  const name = imageNameOf(value);
  if (name === undefined) return isRecord(value) && !Object.hasOwn(value, 'image') ? 'text only' : 'unknown';
  if (name.length > MAX_NAME_LENGTH || (!result.kept && leavesRoot(name))) return 'unknown';
  return folderOf(name);
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

function count(counts: SampleCounts, result: SampleResult): void {
  counts.samples += 1;
  if (!result.kept) {
    counts.dropped[result.code] = (counts.dropped[result.code] ?? 0) + 1;
    return;
  }
  counts.kept += 1;
  if (result.changes.length === 0) counts.untouched += 1;
  for (const rule of result.changes) counts.changed[rule] = (counts.changed[rule] ?? 0) + 1;
}

function newCounts(): SampleCounts {
  return { samples: 0, kept: 0, untouched: 0, changed: {}, dropped: {} };
}

function sortedCounts({ samples, kept, untouched, changed, dropped }: SampleCounts): SampleCounts {
  return {
    samples,
    kept,
    untouched,
    changed: sorted(Object.entries(changed)),
    dropped: sorted(Object.entries(dropped)),
  };
}

function sorted<Value>(entries: [string, Value][]): Record<string, Value> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
