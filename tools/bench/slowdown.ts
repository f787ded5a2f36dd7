/** How much slower (or larger) one revision is than another: the geometric mean of the ratios, and its 95 % interval. */
export interface Slowdown {
  ratio: number;
  low: number;
  high: number;
  /** The whole interval lies above `SLOWDOWN_LIMIT`. */
  isSignificant: boolean;
}

/** A slowdown up to this is not told: less is not to be told from noise in a few runs. */
const SLOWDOWN_LIMIT = 1.1;

/** 97.5 % quantiles of Student's t distribution, for 1 to 30 degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/** Of the normal distribution, to which the others come near from above. */
const NORMAL_QUANTILE = 1.96;

/**
 * Compares two revisions that ran in turns, the i-th of `before` next to the i-th of `after`: a paired t interval of the
 * logarithms of their ratios. Pairs take out what changes slowly on the machine; logarithms make twice as slow and twice
 * as fast the same distance; one run that something disturbed widens the interval and accuses nobody.
 *
 * @throws RangeError for fewer than two pairs, or figures that are not above 0
 */
export function pairedSlowdown(before: readonly number[], after: readonly number[]): Slowdown {
  const n = before.length;
  const logs = after.map((figure, i) => Math.log(figure / (before[i] ?? NaN)));
  if (n < 2 || after.length !== n || !logs.every(Number.isFinite))
    throw new RangeError(`expected pairs of figures above 0, two at least, got ${n} and ${after.length}`);
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (n - 1);
  const margin = (T_QUANTILES[n - 2] ?? NORMAL_QUANTILE) * Math.sqrt(variance / n);
  const low = Math.exp(mean - margin);
  return {
    ratio: Math.exp(mean),
    low,
    high: Math.exp(mean + margin),
    isSignificant: low > SLOWDOWN_LIMIT,
  };
}
