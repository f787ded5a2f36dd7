import type { Comparison } from '@flexattn/eval';
import { describe, expect, it } from 'vitest';
import { differencesOf, verdict } from './differences.js';
import { taskScore } from '../task-score.fixture.js';

const PAIR = { from: 'low-res', to: 'flexattn' };

const comparison = (task: string, p: number, more: Partial<Comparison> = {}): Comparison => ({
  task,
  metric: 'accuracy',
  a: 'low-res',
  b: 'flexattn',
  n: 100,
  difference: 0.4,
  interval95: [0.3, 0.5],
  p,
  test: 'mcnemar',
  aHigher: 5,
  bHigher: 45,
  ...more,
});

/** Results of two models whose tasks are those of the comparisons. */
function resultsWith(comparisons: Comparison[]) {
  const score = taskScore();
  const scores = Object.fromEntries(comparisons.map(({ task }) => [task, score]));
  const versions = Object.fromEntries(comparisons.map(({ task }) => [task, '1']));
  const models = ['base', 'low-res', 'flexattn'];
  return {
    models,
    results: Object.fromEntries(models.map((model) => [model, scores])),
    versions,
    comparisons,
  };
}

describe('differencesOf', () => {
  it('is the gain of the second model, whichever came first in the comparison', () => {
    const turned = comparison('one', 0.01, {
      a: 'flexattn',
      b: 'low-res',
      difference: -0.4,
      interval95: [-0.5, -0.3],
      aHigher: 45,
      bHigher: 5,
    });
    const straight = comparison('one', 0.01);
    const [ofTurned] = differencesOf(resultsWith([turned]), PAIR);
    const [ofStraight] = differencesOf(resultsWith([straight]), PAIR);
    expect(ofTurned).toEqual(ofStraight);
    expect(ofStraight).toMatchObject({ difference: 0.4, interval95: [0.3, 0.5], higher: 45, lower: 5 });
  });

  it('takes the main metric of this pair only', () => {
    const others = [
      comparison('one', 0.01, { metric: 'strict', difference: 0.1 }),
      comparison('one', 0.01, { a: 'base', difference: 0.2 }),
      comparison('one', 0.01, { difference: 0.3 }),
    ];
    expect(differencesOf(resultsWith(others), PAIR).map(({ difference }) => difference)).toEqual([0.3]);
  });

  it.each([
    [[0.049], [true]],
    [[0.05], [false]],
    // Holm: 0.05 / 3, 0.05 / 2, 0.05 / 1
    [
      [0.016, 0.024, 0.049],
      [true, true, true],
    ],
    [
      [0.049, 0.016, 0.024],
      [true, true, true],
    ],
    [
      [0.016, 0.026, 0.026],
      [true, false, false],
    ],
    // the first that fails ends it, though the last would hold alone
    [
      [0.017, 0.02, 0.04],
      [false, false, false],
    ],
  ])('of p = %j calls %j significant', (ps, expected) => {
    const results = resultsWith(ps.map((p, i) => comparison(`task${i}`, p)));
    expect(differencesOf(results, PAIR).map(({ significant }) => significant)).toEqual(expected);
  });
});

describe('verdict', () => {
  it('counts what is better, worse and open', () => {
    const worse = comparison('worse', 0.001, { difference: -0.2, interval95: [-0.3, -0.1] });
    const results = resultsWith([
      comparison('better', 0.001),
      worse,
      comparison('open', 0.5),
      comparison('open2', 0.9),
    ]);
    expect(verdict(PAIR, differencesOf(results, PAIR))).toBe(
      'Asked the same questions, flexattn is significantly better than low-res on 1, significantly worse on 1 and not significantly different on 2 of 4 scores (paired tests, p < 0.05 with Holm’s correction).',
    );
  });

  it('claims nothing without a comparison', () => {
    expect(verdict(PAIR, [])).toContain('nothing can be said');
  });
});
