import { describe, expect, it } from 'vitest';
import { bucketsOf, lossPlot, type LossPoint } from './loss-plot.js';

const points = (losses: readonly number[]): LossPoint[] => losses.map((loss, i) => ({ step: i + 1, loss }));

describe('bucketsOf', () => {
  it('joins neighbouring steps', () => {
    expect(bucketsOf(points([4, 2, 1, 3]), 2)).toEqual([
      { step: 1.5, mean: 3, low: 2, high: 4 },
      { step: 3.5, mean: 2, low: 1, high: 3 },
    ]);
  });

  it('leaves short curves as they are and loses no step of long ones', () => {
    expect(bucketsOf(points([4, 2])).map(({ mean }) => mean)).toEqual([4, 2]);
    const long = bucketsOf(points(Array.from({ length: 1003 }, (_, i) => i)));
    expect(long).toHaveLength(100);
    expect([long[0]?.low, long.at(-1)?.high]).toEqual([0, 1002]);
  });
});

describe('lossPlot', () => {
  it('draws one line a model, in its colour', () => {
    const curve = { points: points([2, 1]) };
    const { markup } = lossPlot([
      { model: 'low-res', position: 1, ...curve },
      { model: 'flexattn', position: 2, ...curve },
    ]);
    expect([...markup.matchAll(/class="curve (series-\d)"/g)].map(([, series]) => series)).toEqual([
      'series-1',
      'series-2',
    ]);
    expect(markup).toContain('Training loss by step: low-res, flexattn');
    expect(markup).not.toContain('NaN');
  });
});
