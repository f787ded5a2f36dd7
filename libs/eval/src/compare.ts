import type { Interval } from './intervals.js';
import { pictureKey } from './item.js';
import { mcnemar } from './mcnemar.js';
import type { Metric } from './metric.js';
import { pairedBootstrap } from './paired-bootstrap.js';
import type { ScoredItem } from './scored-item.js';
import { partsOf, type Statistics } from './summary.js';

/** Two models on the items that both have scores for. */
export interface Comparison {
  task: string;
  metric: string;
  /** Names of the two models, in the order in which they were given. */
  a: string;
  b: string;
  /** Items compared. */
  n: number;
  /** Mean of b's score - a's score. */
  difference: number;
  /** Of the difference; paired bootstrap by picture. */
  interval95: Interval;
  /** Two-sided: exact McNemar for binary scores, paired bootstrap by picture for graded ones. */
  p: number;
  test: 'mcnemar' | 'paired-bootstrap';
  /** Items on which a scored higher, and b. */
  aHigher: number;
  bHigher: number;
}

/** A model's items, scored, in the benchmark's order. */
export interface ScoredModel {
  model: string;
  scored: readonly ScoredItem[];
}

/** An item that two models have scores for; one number for each metric, in its order. */
export interface ScoredPair {
  category: string | null;
  /** Equal for questions about the same picture. */
  picture: string;
  a: readonly number[];
  b: readonly number[];
}

/** All pairs of models on each task and metric of a benchmark; a pair without a common item is left out. */
export function compareModels(models: readonly ScoredModel[], statistics: Statistics): Comparison[] {
  return models.flatMap((a, i) =>
    models.slice(i + 1).flatMap((b) => comparePairs(pairsOf(a, b), { a: a.model, b: b.model }, statistics)),
  );
}

/** The comparisons of the whole and of each category, of each metric. */
export function comparePairs(
  pairs: readonly ScoredPair[],
  models: { a: string; b: string },
  { benchmark, metrics, seed }: Pick<Statistics, 'benchmark' | 'metrics' | 'seed'>,
): Comparison[] {
  if (pairs.length === 0) return [];
  return [...partsOf(benchmark, pairs, ({ category }) => category)].flatMap(([task, part]) =>
    metrics.map((metric, m) => ({
      task,
      metric: metric.name,
      ...models,
      ...compareMetric(part, metric, m, seed),
    })),
  );
}

function pairsOf(a: ScoredModel, b: ScoredModel): ScoredPair[] {
  const others = new Map(b.scored.map(({ item, scores }) => [item.id, scores]));
  return a.scored.flatMap(({ item, scores }) => {
    const other = others.get(item.id);
    if (scores === null || other == null) return [];
    return [{ category: item.category, picture: pictureKey(item.picture), a: scores, b: other }];
  });
}

function compareMetric(pairs: readonly ScoredPair[], { kind }: Metric, m: number, seed: number) {
  const differences = pairs.map(({ a, b }) => (b[m] ?? NaN) - (a[m] ?? NaN));
  const clusters = pairs.map(({ picture }) => picture);
  const { difference, interval95, p } = pairedBootstrap(differences, { clusters, seed });
  const aHigher = differences.filter((one) => one < 0).length;
  const bHigher = differences.filter((one) => one > 0).length;
  const figures = { n: pairs.length, difference, interval95, aHigher, bHigher };
  return kind === 'binary'
    ? { ...figures, p: mcnemar(aHigher, bHigher), test: 'mcnemar' as const }
    : { ...figures, p, test: 'paired-bootstrap' as const };
}
