import { describe, expect, it } from 'vitest';
import { bucketsOf, lossPlot, selectedPlot, type LossPoint } from './loss-plot.js';

const values = (all: readonly number[]) => all.map((value, i) => ({ step: i + 1, value }));
const points = (losses: readonly number[]): LossPoint[] => losses.map((loss, i) => ({ step: i + 1, loss }));

describe('bucketsOf', () => {
  it('joins neighbouring steps', () => {
    expect(bucketsOf(values([4, 2, 1, 3]), 2)).toEqual([
      { step: 1.5, mean: 3, low: 2, high: 4 },
      { step: 3.5, mean: 2, low: 1, high: 3 },
    ]);
  });

  it('leaves short curves as they are and loses no step of long ones', () => {
    expect(bucketsOf(values([4, 2])).map(({ mean }) => mean)).toEqual([4, 2]);
    const long = bucketsOf(values(Array.from({ length: 1003 }, (_, i) => i)));
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

describe('selectedPlot', () => {
  const curve = { model: 'flexattn', position: 2 };

  it('draws the models that tell what they selected, in percent', () => {
    const told = points([2, 1]).map((point) => ({ ...point, selectedShare: 0.25 }));
    const markup = selectedPlot([
      { ...curve, points: told },
      { model: 'low-res', position: 1, points: points([1]) },
    ])?.markup;
    expect(markup).toContain('by training step: flexattn"');
    expect(markup).toContain('>25<');
  });

  it('is nothing where no model tells', () => {
    expect(selectedPlot([{ ...curve, points: points([2, 1]) }])).toBeNull();
  });
});
