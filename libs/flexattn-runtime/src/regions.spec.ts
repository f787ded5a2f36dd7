import { describe, expect, it } from 'vitest';
import { chosenRegions, paddingKeepMask, poolingMatrix, regionOfPlace, tokensOfRegions } from './regions.js';

describe('paddingKeepMask', () => {
  const rowsAndColumns = (size: number, width: number, height: number) => {
    const keep = paddingKeepMask(size, width, height);
    const row = (y: number) => keep.subarray(y * size, (y + 1) * size);
    const rows = Array.from({ length: size }, (_, y) => (row(y).some((value) => value === 1) ? 1 : 0)).join(
      '',
    );
    const columns = Array.from(row(Math.floor(size / 2))).join('');
    return [rows, columns];
  };

  it.each([
    ['a square has no padding', 9, 189, 189, '111111111', '111111111'],
    ['a wide picture has rows of padding', 9, 189, 126, '011111110', '111111111'],
    ['a tall picture has columns of padding', 9, 126, 189, '111111111', '011111110'],
    ['a margin below one token counts as none', 9, 189, 169, '111111111', '111111111'],
    ['the thinnest line keeps its middle row', 9, 1000, 1, '000010000', '111111111'],
  ])('%s', (_, size, width, height, rows, columns) => {
    expect(rowsAndColumns(size, width, height)).toEqual([rows, columns]);
  });
});

describe('poolingMatrix', () => {
  const regionsOf = (size: number, place: number) =>
    chosenRegions(Uint8Array.from(poolingMatrix(size).slice(place * 9, place * 9 + 9)));

  it('puts each of 9 places in its own region', () => {
    expect([0, 4, 8].map((place) => regionsOf(9, place))).toEqual([[0], [4], [8]]);
  });

  it('lets windows of 13 places overlap, as adaptive max pooling does', () => {
    expect([0, 1, 2, 12].map((place) => regionsOf(13, place))).toEqual([[0], [0, 1], [1, 2], [8]]);
  });
});

describe('tokensOfRegions', () => {
  it('gives a region of 27 x 27 tokens its 3 x 3 block, in raster order', () => {
    expect(tokensOfRegions([10], 27)).toEqual([84, 85, 86, 111, 112, 113, 138, 139, 140]);
  });

  it('gives uneven blocks where 9 does not divide the side', () => {
    expect(regionOfPlace(13)).toEqual([0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8]);
    expect(tokensOfRegions([0], 13)).toEqual([0, 1, 13, 14]);
  });

  it('gives none for no region', () => {
    expect(tokensOfRegions([], 27)).toEqual([]);
  });
});
