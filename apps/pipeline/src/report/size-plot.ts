import { gridY, lineY, dot, ruleX } from '@observablehq/plot';
import { drawing } from './drawing.js';
import type { Html } from './html.js';
import { percent } from './numbers.js';
import { seriesOf } from './palette.js';

/** An answer to a question about an object of known size. */
export interface SizedAnswer {
  id: string;
  model: string;
  /** Of the model in the run: decides the colour. */
  position: number;
  /** Of the picture's area that the object takes, 0 to 1. */
  share: number;
  /** 0 to 1. */
  score: number;
}

/** The answers of one model about objects of like size. */
export interface SizeGroup {
  model: string;
  position: number;
  /** Smallest and largest share of the picture's area, 0 to 1. */
  from: number;
  to: number;
  n: number;
  /** Mean score, 0 to 1. */
  score: number;
  /** 95 % interval of the mean: Wilson's, for right and wrong. */
  interval95: readonly [low: number, high: number];
}

/** Groups along the sizes: quarters of the items, so that each has as many. */
const GROUPS = 4;

/**
 * Answers by the size of the object: quarters of the items from small to large, the same for every model.
 *
 * @param intervalOf - of a share of right answers among n
 */
export function sizeGroups(
  answers: readonly SizedAnswer[],
  intervalOf: (right: number, n: number) => readonly [number, number],
): SizeGroup[] {
  const sizes = [...new Map(answers.map(({ id, share }) => [id, share]))].sort(([, a], [, b]) => a - b);
  const groupOf = new Map(sizes.map(([id], i) => [id, Math.floor((i * GROUPS) / sizes.length)]));
  const models = [...new Map(answers.map(({ model, position }) => [model, position]))];
  return models.flatMap(([model, position]) =>
    Array.from({ length: GROUPS }, (_, group) => group).flatMap((group) => {
      const own = answers.filter((one) => one.model === model && groupOf.get(one.id) === group);
      if (own.length === 0) return [];
      const shares = own.map(({ share }) => share);
      const right = own.reduce((sum, { score }) => sum + score, 0);
      const [from, to] = [Math.min(...shares), Math.max(...shares)];
      const interval95 = intervalOf(right, own.length);
      return [{ model, position, from, to, n: own.length, score: right / own.length, interval95 }];
    }),
  );
}

/** A line a model: mean score of the groups over the object's size, with 95 % intervals. */
export function sizePlot(groups: readonly SizeGroup[]): Html {
  const told = groups.map(
    ({ model, to, score }) => `${model} up to ${percent(to)} % of the picture ${percent(score)} %`,
  );
  const models = [...new Map(groups.map(({ model, position }) => [model, position]))];
  return drawing(`Score by the size of the object: ${told.join(', ')}`, {
    width: 560,
    height: 260,
    marginLeft: 46,
    x: {
      type: 'log',
      label: 'object’s share of the picture, % (middle of the group)',
      ticks: 5,
      tickFormat: (x: number) => String(x),
    },
    y: { domain: [0, 100], label: 'score, %', ticks: 5 },
    marks: [
      gridY({ ticks: 5 }),
      models.map(([model, position]) => {
        const own = groups
          .filter((one) => one.model === model)
          .map(({ from, to, score, interval95: [low, high] }) => ({
            size: 50 * (from + to),
            score: 100 * score,
            low: 100 * low,
            high: 100 * high,
          }));
        const series = `series-${seriesOf(position)}`;
        return [
          ruleX(own, { x: 'size', y1: 'low', y2: 'high', className: `interval ${series}` }),
          lineY(own, { x: 'size', y: 'score', className: `curve ${series}` }),
          dot(own, { x: 'size', y: 'score', r: 4, className: `marker ${series}` }),
        ];
      }),
    ],
  });
}
