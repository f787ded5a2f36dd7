import { describe, expect, it } from 'vitest';
import { resizeBicubic } from './bicubic.js';

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
