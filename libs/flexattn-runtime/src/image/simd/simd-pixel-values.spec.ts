import { describe, expect, it } from 'vitest';
import { pixelValuesOf, pixelValuesOfBands, plainPixelValues } from '../pixel-values.js';
import { normalise } from '../raster.js';
import type { Raster } from '../raster.js';
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

describe('pixelValuesOfBands', () => {
  const sizes = { lowresSize: 42, highresSize: 126, zoom: 3 };
  /** Rows `from` to `to` of a picture, when they are due. */
  const band = ({ data, width }: Raster, from: number, to: number, due = Promise.resolve()) =>
    due.then(() => ({ data: data.slice(3 * width * from, 3 * width * to), width, height: to - from }));

  it.each([
    ['wide', 401, 300, [0, 152, 300]],
    ['tall', 300, 401, [0, 200, 401]],
    ['enlarged', 90, 40, [0, 20, 40]],
    ['of many bands', 350, 350, [0, 4, 8, 96, 348, 350]],
    ['of one', 350, 300, [0, 300]],
  ])('gives the same bits as the whole: %s', async (_, width, height, borders) => {
    const picture = noise(width, height);
    const bands = borders.slice(1).map((to, index) => band(picture, borders[index] ?? 0, to));
    expect(await pixelValuesOfBands({ width, height, bands }, sizes)).toEqual(
      plainPixelValues(picture, sizes),
    );
  });

  it('keeps pictures apart that are on their way at once', async () => {
    let go = () => undefined as void;
    const due = new Promise<void>((resolve) => (go = resolve));
    const [one, other] = [noise(401, 300), noise(300, 280)];
    const first = pixelValuesOfBands(
      { width: 401, height: 300, bands: [band(one, 0, 152), band(one, 152, 300, due)] },
      sizes,
    );
    const second = await pixelValuesOfBands(
      { width: 300, height: 280, bands: [band(other, 0, 140), band(other, 140, 280)] },
      sizes,
    );
    go();
    expect(second).toEqual(plainPixelValues(other, sizes));
    expect(await first).toEqual(plainPixelValues(one, sizes));
  });

  it('refuses a band that begins between the rows of a vector, and answers the next picture', async () => {
    const picture = noise(40, 40);
    const bands = [band(picture, 0, 18), band(picture, 18, 40)];
    await expect(pixelValuesOfBands({ width: 40, height: 40, bands }, sizes)).rejects.toThrow('row 18');
    const whole = await pixelValuesOfBands({ width: 40, height: 40, bands: [band(picture, 0, 40)] }, sizes);
    expect(whole).toEqual(plainPixelValues(picture, sizes));
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
