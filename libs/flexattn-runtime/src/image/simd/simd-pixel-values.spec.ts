import { describe, expect, it } from 'vitest';
import { pixelValuesOf, plainPixelValues } from '../pixel-values.js';
import { normalise } from '../raster.js';
import { createSimdEngine } from './engine.js';
import { simdNormalise, simdPixelValues } from './simd-pixel-values.js';

/** A picture of every level beside every other, with hard edges. */
function noise(width: number, height: number) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
    at % 5 === 0 ? 255 * ((at >> 4) % 2) : (at * 7919 + (at >> 3) * 104_729) % 256,
  );
  return { data, width, height };
}

describe('simdPixelValues', () => {
  const engine = createSimdEngine();

  it('has an engine, as every Node that this package runs on', () => {
    expect(engine).toBeDefined();
  });

  it.each([
    ['smaller than the input', 31, 12],
    ['larger, wide', 401, 300],
    ['larger by an odd number, tall', 300, 401],
    ['a whole multiple of the input', 252, 252],
    ['as large as the input', 126, 80],
    ['one row', 97, 1],
    ['one column', 1, 97],
    ['one pixel', 1, 1],
    ['far larger', 2000, 37],
  ])('gives the same bits as plain TypeScript: %s', (_, width, height) => {
    const picture = noise(width, height);
    for (const sizes of [
      { lowresSize: 42, highresSize: 126, zoom: 3 },
      { lowresSize: 14, highresSize: 28, zoom: 2 },
      { lowresSize: 13, highresSize: 13, zoom: 1 },
    ]) {
      expect(engine && simdPixelValues(engine, picture, sizes)).toEqual(plainPixelValues(picture, sizes));
    }
  });

  it('is what pixelValuesOf does, with nothing left of the picture before', () => {
    const sizes = { lowresSize: 14, highresSize: 28, zoom: 2 };
    const first = pixelValuesOf(noise(90, 40), sizes);
    pixelValuesOf(noise(500, 33), sizes);
    expect(pixelValuesOf(noise(90, 40), sizes)).toEqual(first);
    expect(first).toEqual(plainPixelValues(noise(90, 40), sizes));
  });
});

describe('simdNormalise', () => {
  it('gives the same bits as plain TypeScript for every level of every channel', () => {
    const engine = createSimdEngine();
    for (const side of [16, 13]) {
      const levels = noise(side, side);
      levels.data.set(Array.from({ length: 3 * Math.min(256, side ** 2) }, (_, at) => Math.floor(at / 3)));
      expect(engine && simdNormalise(engine, levels)).toEqual(normalise(levels));
    }
  });
});
