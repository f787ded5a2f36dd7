import { describe, expect, it } from 'vitest';
import { tileValuesOf } from './pixel-values.js';
import { normalise } from './raster.js';

const sizes = { lowresSize: 2, highresSize: 4, zoom: 2 };
/** 4 x 4 pixels, every channel of pixel i has the value i. */
const numbered = {
  data: Uint8Array.from({ length: 48 }, (_, byte) => Math.floor(byte / 3)),
  width: 4,
  height: 4,
};

describe('tileValuesOf', () => {
  it('cuts the tiles out of the square, row by row', () => {
    const levels = normalise({ ...numbered, width: 16, height: 1 }).subarray(0, 16);
    const tile = (index: number) => {
      const values = tileValuesOf(numbered, sizes, index);
      expect(values.length).toBe(12);
      return [...values.subarray(0, 4)].map((value) => levels.indexOf(value));
    };
    expect([0, 1, 2, 3].map(tile)).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
      [8, 9, 12, 13],
      [10, 11, 14, 15],
    ]);
  });
});
