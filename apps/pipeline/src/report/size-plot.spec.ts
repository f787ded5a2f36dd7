import { describe, expect, it } from 'vitest';
import { sizeGroups, sizePlot, type SizedAnswer } from './size-plot.js';

const answers: SizedAnswer[] = Array.from({ length: 8 }, (_, i) => ({
  id: String(i),
  model: 'flexattn',
  position: 2,
  share: (i + 1) / 100,
  score: i < 4 ? 0 : 1,
}));

describe('sizeGroups', () => {
  it('has a quarter of the items in each group, the small objects first', () => {
    const groups = sizeGroups(answers, () => [0, 1]);
    expect(groups.map(({ from, to, n, score }) => [from, to, n, score])).toEqual([
      [0.01, 0.02, 2, 0],
      [0.03, 0.04, 2, 0],
      [0.05, 0.06, 2, 1],
      [0.07, 0.08, 2, 1],
    ]);
  });

  it('asks for the interval of the right among all', () => {
    const asked: number[][] = [];
    sizeGroups(answers, (...counts) => {
      asked.push(counts);
      return [0, 1];
    });
    expect(asked).toEqual([
      [0, 2],
      [0, 2],
      [2, 2],
      [2, 2],
    ]);
  });
});

describe('sizePlot', () => {
  it('draws a point for each group', () => {
    const { markup } = sizePlot(sizeGroups(answers, () => [0, 1]));
    expect([...markup.matchAll(/<circle/g)]).toHaveLength(4);
    expect(markup).not.toContain('NaN');
  });
});
