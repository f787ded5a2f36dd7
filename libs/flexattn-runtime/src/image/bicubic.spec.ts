import { describe, expect, it } from 'vitest';
import { resizeBicubic, resizePadded } from './bicubic.js';
import { padToSquare } from './raster.js';

describe('resizeBicubic', () => {
  it('keeps a constant picture constant, smaller and larger', () => {
    const grey = { data: new Uint8Array(5 * 5 * 3).fill(77), width: 5, height: 5 };
    expect([2, 13].map((side) => new Set(resizeBicubic(grey, side, side).data))).toEqual([
      new Set([77]),
      new Set([77]),
    ]);
  });

  it('clips what overshoots at an edge', () => {
    const edge = { data: Uint8Array.from([0, 0, 0, 255, 255, 255]), width: 2, height: 1 };
    const { data } = resizeBicubic(edge, 8, 1);
    expect([data[0], data[21]]).toEqual([0, 255]);
  });

  it('gives back a picture that has the size already', () => {
    const picture = { data: Uint8Array.of(1, 2, 3), width: 1, height: 1 };
    expect(resizeBicubic(picture, 1, 1)).toBe(picture);
  });
});

describe('resizePadded', () => {
  it.each([
    ['wide', 31, 12],
    ['wide by an odd number', 31, 30],
    ['tall', 12, 31],
    ['square', 20, 20],
    ['wide, as large as the result', 14, 5],
  ])('equals padding first and resizing then: %s', (_, width, height) => {
    const data = Uint8Array.from(
      { length: width * height * 3 },
      (__, at) => (at * 7919 + (at >> 3) * 104_729) % 256,
    );
    const picture = { data, width, height };
    for (const side of [14, 45]) {
      expect(resizePadded(picture, side)).toEqual(resizeBicubic(padToSquare(picture), side, side));
    }
  });
});
