import { describe, expect, it } from 'vitest';
import { chosenRegions, regionBox } from './regions.js';

describe('regionBox', () => {
  it.each([
    // a square picture: the grid divides it as it stands
    [0, { width: 189, height: 189 }, { x: 0, y: 0, width: 21, height: 21 }],
    [80, { width: 189, height: 189 }, { x: 168, y: 168, width: 21, height: 21 }],
    [10, { width: 90, height: 90 }, { x: 10, y: 10, width: 10, height: 10 }],
    // 180 x 100: 40 pixels of padding above and below, a region has 20
    [18, { width: 180, height: 100 }, { x: 0, y: 0, width: 20, height: 20 }],
    [40, { width: 180, height: 100 }, { x: 80, y: 40, width: 20, height: 20 }],
    // 100 x 180: the same on its side
    [2, { width: 100, height: 180 }, { x: 0, y: 0, width: 20, height: 20 }],
    // 180 x 110: 35 above, so the second row of regions shows 5 pixels of the picture
    [9, { width: 180, height: 110 }, { x: 0, y: 0, width: 20, height: 5 }],
    // an odd difference: 9 x 4 has an offset of floor(5 / 2) = 2
    [2 * 9, { width: 9, height: 4 }, { x: 0, y: 0, width: 1, height: 1 }],
    [5 * 9, { width: 9, height: 4 }, { x: 0, y: 3, width: 1, height: 1 }],
  ])('puts region %i of a picture of %j at %j', (index, picture, box) => {
    expect(regionBox(index, 9, picture)).toEqual(box);
  });

  it.each([
    // each axis on its own: a region has 20 x 10 pixels, and none is padding
    [0, { width: 180, height: 90 }, { x: 0, y: 0, width: 20, height: 10 }],
    [40, { width: 180, height: 90 }, { x: 80, y: 40, width: 20, height: 10 }],
    [80, { width: 90, height: 180 }, { x: 80, y: 160, width: 10, height: 20 }],
  ])('puts region %i of a stretched picture of %j at %j', (index, picture, box) => {
    expect(regionBox(index, 9, picture, true)).toEqual(box);
  });

  it.each([
    [0, { width: 180, height: 100 }],
    [17, { width: 180, height: 100 }],
    [80, { width: 100, height: 180 }],
    [6 * 9, { width: 9, height: 4 }],
  ])('finds nothing but padding in region %i of a picture of %j', (index, picture) => {
    expect(regionBox(index, 9, picture)).toBeUndefined();
  });
});

describe('chosenRegions', () => {
  it('counts the layers of each region and leaves out padding', () => {
    const choices = [
      { layer: 1, rows: [0, 40, 18] },
      { layer: 2, rows: [40] },
    ];
    expect(chosenRegions(choices, 9, { width: 180, height: 100 })).toEqual([
      { index: 18, box: { x: 0, y: 0, width: 20, height: 20 }, layers: [1] },
      { index: 40, box: { x: 80, y: 40, width: 20, height: 20 }, layers: [1, 2] },
    ]);
  });

  it('is empty where no layer chose anything', () => {
    expect(chosenRegions([{ layer: 1, rows: [] }], 9, { width: 9, height: 9 })).toEqual([]);
  });
});
