import type { Interval } from './intervals.js';
import { pictureKey } from './item.js';
import { mcnemar } from './mcnemar.js';
import { pairedBootstrap } from './paired-bootstrap.js';
import { partsOf, type ScoredItem, type Statistics } from './summary.js';

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
  /** Two-sided: exact McNemar for binary scores, paired bootstrap for graded ones. */
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

/** All pairs of models on each task and metric of a benchmark; a pair without a common item is left out. */
export function compareModels(models: readonly ScoredModel[], statistics: Statistics): Comparison[] {
  return models.flatMap((a, i) => models.slice(i + 1).flatMap((b) => comparePair(a, b, statistics)));
}

function comparePair(a: ScoredModel, b: ScoredModel, statistics: Statistics): Comparison[] {
  const others = new Map(b.scored.map((one) => [one.item.id, one]));
  return [...partsOf(statistics.benchmark, a.scored)].flatMap(([task, part]) =>
    statistics.metrics.flatMap((metric, m) => {
      const pairs = part.flatMap((one) => {
        const first = one.scores?.[m];
        const second = others.get(one.item.id)?.scores?.[m];
        if (first === undefined || second === undefined) return [];
        return [{ difference: second - first, picture: pictureKey(one.item.picture) }];
      });
      if (pairs.length === 0) return [];
      const { difference, interval95, p } = pairedBootstrap(
        pairs.map((pair) => pair.difference),
        { clusters: pairs.map(({ picture }) => picture), seed: statistics.seed },
      );
      const aHigher = pairs.filter((pair) => pair.difference < 0).length;
      const bHigher = pairs.filter((pair) => pair.difference > 0).length;
      const isBinary = metric.kind === 'binary';
      return {
        task,
        metric: metric.name,
        a: a.model,
        b: b.model,
        n: pairs.length,
        difference,
        interval95,
        p: isBinary ? mcnemar(aHigher, bHigher) : p,
        test: isBinary ? 'mcnemar' : 'paired-bootstrap',
        aHigher,
        bHigher,
      } satisfies Comparison;
    }),
  );
}
