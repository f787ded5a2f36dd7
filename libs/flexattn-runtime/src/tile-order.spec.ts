import { describe, expect, it } from 'vitest';
import { tokensOfRegions } from './regions.js';
import { tileOrder } from './tile-order.js';

describe('tileOrder', () => {
  it('goes through the tiles row by row, and in each through its tokens', () => {
    expect([...tileOrder(2, 2).tokens]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });

  it.each([
    [9, 3],
    [13, 2],
    [24, 3],
  ])('names the region of every token: %i tokens a side, %i tiles', (size, zoom) => {
    const { tokens, regions } = tileOrder(size, zoom);
    for (const region of [0, 8, 40, 80]) {
      const own = [...tokens].filter((_, place) => regions[place] === region);
      expect(own.sort((a, b) => a - b)).toEqual(tokensOfRegions([region], size * zoom));
    }
  });
});
