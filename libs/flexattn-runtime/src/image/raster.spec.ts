import { describe, expect, it } from 'vitest';
import { normalise, padToSquare } from './raster.js';
import type { Raster } from './raster.js';

const white = (width: number, height: number) => ({
  data: new Uint8Array(width * height * 3).fill(255),
  width,
  height,
});
/** First channel, one string a row: `#` picture, `.` padding. */
const shape = ({ data, width, height }: Raster) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === 255 ? '#' : '.')).join(''),
  );

describe('padToSquare', () => {
  it('centres a wide picture; an odd rest goes below', () => {
    expect(shape(padToSquare(white(4, 1)))).toEqual(['....', '####', '....', '....']);
  });

  it('centres a tall picture; an odd rest goes right', () => {
    expect(shape(padToSquare(white(1, 4)))).toEqual(['.#..', '.#..', '.#..', '.#..']);
  });

  it("pads with CLIP's mean colour", () => {
    expect([...padToSquare(white(2, 1)).data.subarray(6)]).toEqual([122, 116, 104, 122, 116, 104]);
  });

  it('leaves a square alone', () => {
    const square = white(3, 3);
    expect(padToSquare(square).data).toBe(square.data);
  });
});

describe('normalise', () => {
  it('gives planes of (value / 255 - mean) / std', () => {
    const planes = normalise({ data: Uint8Array.of(0, 128, 255, 255, 0, 51), width: 2, height: 1 });
    /** `normalise` of the NumPy reference, bit for bit. */
    const expected = [
      -1.7922625541687012, 1.9303361177444458, 0.16889731585979462, -1.7520971298217773, 2.1458969116210938,
      -0.7549964189529419,
    ];
    expect(planes).toEqual(Float32Array.from(expected));
  });
});
