import { meanOf, percentiles, resampledMeans, type BootstrapOptions, type Interval } from './intervals.js';

export interface PairedBootstrap {
  /** Mean of the differences. */
  difference: number;
  interval95: Interval;
  /** Two-sided: twice the smaller share of resamples at or beyond zero; never below 2 / (resamples + 1). */
  p: number;
}

/** Compares two models on the same items: `differences[i]` = second model's score - first model's. None: `NO_VALUES`. */
export function pairedBootstrap(
  differences: readonly number[],
  options: BootstrapOptions = {},
): PairedBootstrap {
  const means = resampledMeans(differences, options);
  const atMost = means.filter((mean) => mean <= 0).length;
  const atLeast = means.filter((mean) => mean >= 0).length;
  return {
    difference: meanOf(differences),
    interval95: percentiles(means),
    p: Math.min(1, (2 * (Math.min(atMost, atLeast) + 1)) / (means.length + 1)),
  };
}
