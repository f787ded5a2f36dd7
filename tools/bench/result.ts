import { median } from './medians.js';

/** What a figure is of: seconds, or bytes of memory. */
export type BenchUnit = 's' | 'bytes';

/** One line of the table: some work, ours against a baseline of the same run. */
export interface BenchResult {
  work: string;
  unit: BenchUnit;
  /** Medians. */
  ours: number;
  baseline: number;
  /** What the baseline is: a program, or `limit` for a figure that ours must stay below. */
  against: string;
  /** How many times as fast as the baseline, or as small: baseline / ours, of the medians. */
  ratio: number;
  /** The least and the greatest ratio of one repetition. */
  low: number;
  high: number;
  /** Repetitions of each side. */
  n: number;
  /** What the ratio must reach; absent where nothing is promised. */
  bound?: number;
  /** Ours of every repetition. */
  samples: readonly number[];
}

/** What was measured of one kind of work; both sides took turns, so that the i-th figures belong together. */
export interface Measurement {
  work: string;
  unit?: BenchUnit;
  ours: readonly number[];
  baseline: readonly number[];
  against: string;
  bound?: number;
}

/** A measurement as one line of the table. */
export function resultOf({ work, unit = 's', ours, baseline, against, bound }: Measurement): BenchResult {
  const ratios = ours.map((own, i) => (baseline[i] ?? NaN) / own);
  return {
    ...{ work, unit, against },
    ours: median(ours),
    baseline: median(baseline),
    ratio: median(baseline) / median(ours),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    n: ours.length,
    ...(bound === undefined ? {} : { bound }),
    samples: ours,
  };
}

/** A figure that has nothing to be compared with but a limit. */
export function limitedResult({
  limit,
  ...measured
}: Omit<Measurement, 'baseline' | 'against' | 'bound'> & { limit: number }): BenchResult {
  return resultOf({ ...measured, baseline: measured.ours.map(() => limit), against: 'limit', bound: 1 });
}

/** Whether a promise is kept; true where none was made. */
export function isReached({ ratio, bound }: BenchResult): boolean {
  return bound === undefined || ratio >= bound;
}
