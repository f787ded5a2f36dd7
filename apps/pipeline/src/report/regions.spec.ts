import { describe, expect, it } from 'vitest';
import { chosenRegions } from './regions.js';

describe('chosenRegions', () => {
  it('counts the layers of each region and leaves out padding', () => {
    const choices = [
      { layer: 1, rows: [0, 40, 18] },
      { layer: 2, rows: [40] },
    ];
    expect(chosenRegions(choices, 72, { width: 180, height: 100 })).toEqual([
      { index: 18, box: { x: 0, y: 0, width: 20, height: 20 }, layers: [1] },
      { index: 40, box: { x: 80, y: 40, width: 20, height: 20 }, layers: [1, 2] },
    ]);
  });

  it('draws a region as large as its tokens are where 9 does not divide them', () => {
    // 26 tokens a side: the last region has two, the others three.
    const [last] = chosenRegions([{ layer: 1, rows: [8] }], 26, { width: 260, height: 260 });
    expect(last?.box).toEqual({ x: 240, y: 0, width: 20, height: 30 });
  });

  it('is empty where no layer chose anything', () => {
    expect(chosenRegions([{ layer: 1, rows: [] }], 72, { width: 9, height: 9 })).toEqual([]);
  });
});
