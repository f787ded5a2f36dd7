import type { ChangeRule, DropCode } from './codes.js';
import type { Outcome } from './outcome.js';

/** Counts of samples: a kept sample with two rules is counted under both. */
export interface SampleCounts {
  samples: number;
  kept: number;
  /** Kept with their own bytes. */
  untouched: number;
  changed: Partial<Record<ChangeRule, number>>;
  dropped: Partial<Record<DropCode, number>>;
}

/** What was done to the annotations; the same for the same input, whenever and wherever it is made. */
export interface CleanReport extends SampleCounts {
  /** By folder of the image (its first two parts), `text only`, or `unknown` where the sample tells no usable name. */
  sources: Record<string, SampleCounts>;
  /** Kept samples whose image has other bytes than its extension says: `.jpg is png`. */
  mislabelled: Record<string, number>;
  /** Kept samples whose picture is unusual (level `decode`): `cmyk`, `animated`, ...; absent where none is. */
  pictures?: Record<string, number>;
  /** One for each annotation file, in their order, where there are several. */
  inputs?: SampleCounts[];
}

/** The report of samples that ended as told: how many of each outcome. */
export function reportOf(outcomes: readonly (readonly [Outcome, number])[], inputCount = 1): CleanReport {
  const total = newCounts();
  const inputs = Array.from({ length: inputCount }, newCounts);
  const sources = new Map<string, SampleCounts>();
  const mislabelled = new Map<string, number>();
  const pictures = new Map<string, number>();
  const add = (counts: Map<string, number>, name: string, n: number) =>
    counts.set(name, (counts.get(name) ?? 0) + n);
  for (const [outcome, n] of outcomes) {
    const source = sources.get(outcome.source) ?? newCounts();
    sources.set(outcome.source, source);
    for (const counts of [total, source, ...inputs.slice(outcome.input, outcome.input + 1)]) {
      count(counts, outcome, n);
    }
    if (outcome.code !== undefined) continue;
    if (outcome.mislabel !== undefined) add(mislabelled, outcome.mislabel, n);
    for (const note of outcome.notes) add(pictures, note, n);
  }
  return {
    ...sortedCounts(total),
    sources: sorted([...sources].map(([name, counts]) => [name, sortedCounts(counts)])),
    mislabelled: sorted([...mislabelled]),
    ...(pictures.size === 0 ? {} : { pictures: sorted([...pictures]) }),
    ...(inputCount === 1 ? {} : { inputs: inputs.map(sortedCounts) }),
  };
}

function count(counts: SampleCounts, { code, changes }: Outcome, n: number): void {
  counts.samples += n;
  if (code !== undefined) {
    counts.dropped[code] = (counts.dropped[code] ?? 0) + n;
    return;
  }
  counts.kept += n;
  if (changes.length === 0) counts.untouched += n;
  for (const rule of changes) counts.changed[rule] = (counts.changed[rule] ?? 0) + n;
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
