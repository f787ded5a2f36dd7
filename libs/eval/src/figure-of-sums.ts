import { percentiles, type Interval } from './intervals.js';
import { pictureKey } from './item.js';
import { createRandom } from './random.js';
import type { ScoredItem } from './scored-item.js';
import type { TaskScore } from './summary.js';

/** As many as for the interval of a mean. */
const RESAMPLES = 2000;

/** A figure with its standard error and 95 % interval; all null where nothing was scored. */
export interface Figure {
  value: number | null;
  stderr: number | null;
  interval95: Interval | null;
}

/**
 * A figure that is no mean of items' scores (a mean of parts, an F1): a function of sums over the scored items. Standard
 * error and interval come from 2,000 resamples of whole pictures, the same for a seed.
 *
 * @param columns - what is summed, for one item; as many numbers for each
 */
export function figureOfSums(
  scored: readonly ScoredItem[],
  columns: (one: ScoredItem) => readonly number[],
  figure: (sums: readonly number[]) => number,
  seed: number,
): Figure {
  const pictures = new Map<string, number[]>();
  for (const one of scored) {
    if (one.scores === null) continue;
    const key = pictureKey(one.item.picture);
    pictures.set(key, added(pictures.get(key) ?? [], columns(one)));
  }
  const groups = [...pictures.values()];
  if (groups.length === 0) return { value: null, stderr: null, interval95: null };
  const random = createRandom(seed);
  const resamples = Float64Array.from({ length: RESAMPLES }, () => {
    const sums: number[] = [];
    for (let i = 0; i < groups.length; i += 1) {
      for (const [c, value] of (groups[random(groups.length)] ?? []).entries())
        sums[c] = (sums[c] ?? 0) + value;
    }
    return figure(sums);
  }).sort();
  return {
    value: figure(groups.reduce(added)),
    stderr: deviation(resamples),
    interval95: percentiles(resamples),
  };
}

/** A task's score with more figures, under their names as the others are. */
export function withFigures(score: TaskScore, figures: Readonly<Record<string, Figure>>): TaskScore {
  const keys = Object.entries(figures).flatMap(([name, { value, stderr, interval95 }]) => [
    [name, value],
    [`${name}_stderr`, stderr],
    [`${name}_interval95`, interval95],
  ]);
  return { ...score, ...(Object.fromEntries(keys) as Record<string, number | Interval | null>) };
}

function added(a: readonly number[], b: readonly number[]): number[] {
  return b.map((value, i) => (a[i] ?? 0) + value);
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
