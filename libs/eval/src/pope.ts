import type { BenchmarkSteps } from './benchmark.js';
import { figureOfSums, withFigures } from './figure-of-sums.js';
import { namedMetrics } from './named-metrics.js';
import { popeAnswer, popeRates } from './pope-answer.js';
import { shortAnswerRequest } from './prompt.js';
import type { ScoredItem } from './scored-item.js';
import { summariseParts, type Statistics, type TaskScore } from './summary.js';

/** Parts of POPE by how the absent objects were chosen; each is a file. */
export const POPE_PARTS = ['random', 'popular', 'adversarial'] as const;

/**
 * POPE on COCO: is there such an object? The published extraction takes every answer without a "no" for a yes, an empty
 * one too: the strict one beside it wants the word. Precision, recall and F1 of each part, and the mean F1.
 */
export const pope = {
  name: 'pope',
  about: 'photographs; is there such an object, yes or no',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 9000,
    parts: { random: 3000, popular: 3000, adversarial: 3000 },
    targets: 1,
    files: [...POPE_PARTS.map((part) => `coco_pope_${part}.json`), 'val2014'],
    source:
      'https://github.com/RUCAIBox/POPE (output/coco) and http://images.cocodataset.org/zips/val2014.zip',
  },
  metrics: (protocol) => [
    { name: `accuracy_${protocol}`, kind: 'binary' },
    { name: `accuracy_${protocol}_strict`, kind: 'binary' },
    { name: `yes_ratio_${protocol}`, kind: 'binary' },
  ],
  prompt: shortAnswerRequest,
  extract: (item, answer) => ({
    value: 'text' in answer ? popeAnswer(answer.text) : null,
    strict: namedMetrics.yesno.extract(item, answer).value,
  }),
  score: ({ targets }, { value, strict }) => [
    value === targets[0] ? 1 : 0,
    strict === targets[0] ? 1 : 0,
    value === 'yes' ? 1 : 0,
  ],
  aggregate: (scored, statistics) => {
    const tasks = summariseParts(scored, statistics);
    return Object.fromEntries(
      Object.entries(tasks).map(([task, score]) => [task, withRates(task, score, scored, statistics)]),
    );
  },
} satisfies BenchmarkSteps;

/** Adds F1, precision and recall to a part's score, and the mean F1 of the parts to the whole's. */
function withRates(
  task: string,
  score: TaskScore,
  scored: readonly ScoredItem[],
  statistics: Statistics,
): TaskScore {
  const { benchmark, protocol } = statistics;
  if (task === benchmark) {
    const mean = (sums: readonly number[]) => {
      const parts = POPE_PARTS.map((_, i) => sums.slice(4 * i, 4 * i + 4)).filter(([, , , n]) => n !== 0);
      return parts.reduce((sum, part) => sum + ratesOf(part).f1, 0) / parts.length;
    };
    const columns = (one: ScoredItem) =>
      POPE_PARTS.flatMap((part) => (one.item.category === part ? countsOf(one) : [0, 0, 0, 0]));
    return withFigures(score, {
      [`f1_${protocol}_mean`]: figureOfSums(scored, columns, mean, statistics.seed),
    });
  }
  const part = scored.filter(({ item }) => `${benchmark}_${item.category}` === task);
  const figure = (rate: 'f1' | 'precision' | 'recall') =>
    figureOfSums(part, countsOf, (sums) => ratesOf(sums)[rate], statistics.seed);
  return withFigures(score, {
    [`f1_${protocol}`]: figure('f1'),
    [`precision_${protocol}`]: figure('precision'),
    [`recall_${protocol}`]: figure('recall'),
  });
}

/** [both yes, yes to a no, no to a yes, 1] of a scored item. */
function countsOf({ scores }: ScoredItem): number[] {
  const [right, , yes] = scores ?? [];
  return [yes === 1 && right === 1, yes === 1 && right === 0, yes === 0 && right === 0, true].map(Number);
}

function ratesOf([bothYes = 0, wrongYes = 0, wrongNo = 0, n = 0]: readonly number[]) {
  return popeRates({ bothYes, wrongYes, wrongNo }, n);
}
