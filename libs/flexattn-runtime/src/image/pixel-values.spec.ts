import { describe, expect, it } from 'vitest';
import { joinTiles, pixelValuesOf } from './pixel-values.js';
import { normalise } from './raster.js';

const sizes = { lowresSize: 2, highresSize: 4, zoom: 2 };
/** 4 x 4 pixels, every channel of pixel i has the value i. */
const numbered = {
  data: Uint8Array.from({ length: 48 }, (_, byte) => Math.floor(byte / 3)),
  width: 4,
  height: 4,
};

describe('pixelValuesOf', () => {
  it('puts the low-res input first, then the tiles row by row', () => {
    const values = pixelValuesOf(numbered, sizes, true);
    const levels = normalise({ ...numbered, width: 16, height: 1 }).subarray(0, 16);
    const tile = (index: number) =>
      [...values.subarray(index * 12, index * 12 + 4)].map((value) => levels.indexOf(value));
    expect(values.length).toBe(5 * 12);
    expect([1, 2, 3, 4].map(tile)).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
      [8, 9, 12, 13],
      [10, 11, 14, 15],
    ]);
  });

  it('gives the low-res input alone where no tiles are wanted', () => {
    const both = pixelValuesOf(numbered, sizes, true);
    expect(pixelValuesOf(numbered, sizes, false)).toEqual(both.slice(0, 12));
  });
});

describe('joinTiles', () => {
  it('puts 2 x 2 tiles of 2 x 2 features side by side', () => {
    const features = Float32Array.from({ length: 16 }, (_, index) => index);
    expect([...joinTiles(features, 2, 2)]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });
});
