import { EvalError } from './errors.js';
import { createRandom } from './random.js';

/** Lower and upper end. */
export type Interval = [low: number, high: number];

/** 97.5 % point of the normal distribution: 95 % lie between minus and plus this. */
const Z95 = 1.959963984540054;
/** The ends of a 95 % interval then vary by some 1.5 % of its width (one deviation) from seed to seed. */
const RESAMPLES = 2000;
const LEVEL = 0.95;

export interface BootstrapOptions {
  /** One key per value: values of the same key (questions about the same picture) are drawn together. */
  clusters?: readonly string[] | undefined;
  /** Default 0. */
  seed?: number | undefined;
  /** Default 2,000. */
  resamples?: number | undefined;
}

/** 95 % interval of a share (Wilson's score interval). Nothing tried: 0 to 1. */
export function wilsonInterval(successes: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const share = successes / n;
  const z2 = Z95 * Z95;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return [successes === 0 ? 0 : centre - half, successes === n ? 1 : centre + half];
}

/** 95 % percentile interval of the mean; whole clusters are drawn with replacement. No values: `NO_VALUES`. */
export function bootstrapInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  return percentiles(resampledMeans(values, options));
}

/** Standard error of the mean, clusters taken as units; without clusters the sample deviation / sqrt(n). One cluster: 0. */
export function standardError(values: readonly number[], clusters?: readonly string[]): number {
  const mean = meanOf(values);
  const groups = [...clustersOf(values, clusters)];
  if (groups.length < 2) return 0;
  const squares = groups.map(({ sum, count }) => (sum - count * mean) ** 2).reduce((a, b) => a + b, 0);
  return Math.sqrt((squares * groups.length) / (groups.length - 1)) / values.length;
}

/** The middle 95 % of sorted values. */
export function percentiles(sorted: Float64Array): Interval {
  const low = Math.floor(((1 - LEVEL) / 2) * sorted.length);
  return [sorted[low] ?? NaN, sorted[sorted.length - 1 - low] ?? NaN];
}

/** Means of the resamples, sorted. */
export function resampledMeans(values: readonly number[], options: BootstrapOptions): Float64Array {
  const groups = clustersOf(values, options.clusters);
  const sums = Float64Array.from(groups, ({ sum }) => sum);
  const counts = Float64Array.from(groups, ({ count }) => count);
  const random = createRandom(options.seed ?? 0);
  return Float64Array.from({ length: options.resamples ?? RESAMPLES }, () => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < groups.length; i += 1) {
      const drawn = random(groups.length);
      sum += sums[drawn] ?? NaN;
      count += counts[drawn] ?? NaN;
    }
    return sum / count;
  }).sort();
}

/** Arithmetic mean. No values: `NO_VALUES`. */
export function meanOf(values: readonly number[]): number {
  if (values.length === 0) {
    throw new EvalError('NO_VALUES', 'expected at least one value, got none', {
      hint: 'score at least one item',
    });
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sum and number of the values of each cluster, by first appearance. */
function clustersOf(values: readonly number[], clusters: readonly string[] | undefined) {
  meanOf(values);
  if (clusters !== undefined && clusters.length !== values.length) {
    throw new EvalError(
      'NO_VALUES',
      `expected a cluster for each of ${values.length} values, got ${clusters.length}`,
    );
  }
  const groups = new Map<string | number, { sum: number; count: number }>();
  values.forEach((value, i) => {
    const key = clusters?.[i] ?? i;
    const group = groups.get(key) ?? { sum: 0, count: 0 };
    groups.set(key, { sum: group.sum + value, count: group.count + 1 });
  });
  return [...groups.values()];
}
