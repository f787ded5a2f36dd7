import { describe, expect, it } from 'vitest';
import { regionBox } from './boxes.js';
import type { Box } from './boxes.js';

const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });

describe('regionBox', () => {
  it.each([
    ['a square', 0, 72, { width: 1008, height: 1008 }, box(0, 0, 112, 112)],
    ['a square, last region', 80, 72, { width: 1008, height: 1008 }, box(896, 896, 112, 112)],
    ['a smaller square', 40, 72, { width: 90, height: 90 }, box(40, 40, 10, 10)],
    ['a wide picture, inside', 40, 72, { width: 900, height: 500 }, box(400, 200, 100, 100)],
    ['a wide picture, cut by its edge', 18, 72, { width: 900, height: 500 }, box(0, 0, 100, 100)],
    ['a wide picture, half of a region', 9, 72, { width: 900, height: 600 }, box(0, 0, 100, 50)],
    ['a wide picture, padding alone', 9, 72, { width: 900, height: 500 }, null],
    ['a tall picture, padding alone', 8, 72, { width: 300, height: 900 }, null],
    ['a tall picture, right edge', 5, 72, { width: 300, height: 900 }, box(200, 0, 100, 100)],
    ['a tall picture with an odd rest', 4, 72, { width: 450, height: 899 }, box(176, 0, 99, 100)],
    // 26 tokens, 9 regions: those of tokens 0-2, 3-5, 6-8, 9-11, 12-14, 15-17, 18-20, 21-23 and 24-25.
    ['a grid that 9 does not divide', 8, 26, { width: 260, height: 260 }, box(240, 0, 20, 30)],
  ])('%s', (_, index, hd, picture, expected) => {
    expect(regionBox(index, hd, picture)).toEqual(expected);
  });

  it.each([
    [0, { width: 180, height: 90 }, box(0, 0, 20, 10)],
    [40, { width: 180, height: 90 }, box(80, 40, 20, 10)],
    [80, { width: 90, height: 180 }, box(80, 160, 10, 20)],
  ])('puts region %i of a stretched picture of %j at %j', (index, picture, expected) => {
    expect(regionBox(index, 72, picture, true)).toEqual(expected);
  });

  it.each([
    [72, { width: 640, height: 427 }],
    [26, { width: 333, height: 1001 }],
    [9, { width: 20, height: 20 }],
  ])('covers every pixel of the picture once: hd %d, %o', (hd, picture) => {
    const seen = new Uint8Array(picture.width * picture.height);
    for (let index = 0; index < 81; index++) {
      const { x, y, width, height } = regionBox(index, hd, picture) ?? box(0, 0, 0, 0);
      for (let row = y; row < y + height; row++) {
        for (let column = x; column < x + width; column++) {
          const at = row * picture.width + column;
          seen[at] = (seen[at] ?? 0) + 1;
        }
      }
    }
    expect(seen.every((count) => count === 1)).toBe(true);
  });
});
