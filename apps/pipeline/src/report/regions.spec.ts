import { regionBox } from '@flexattn/flexattn-runtime';
import { describe, expect, it } from 'vitest';
import { packBits, packRegions, regionEdges } from './regions.js';

describe('packBits', () => {
  it.each([
    ['no place', [], ''],
    ['the first place', [0], 'AQ'],
    ['the ninth place', [8], 'AAE'],
    ['first and last of 81', [0, 80], 'AQAAAAAAAAAAAAE'],
  ])('packs %s', (_, places, packed) => {
    const bits = packBits(places, 81);
    expect(places.length === 0 ? bits : bits.slice(0, packed.length)).toBe(packed);
  });
});

describe('packRegions', () => {
  it('has a string for every layer of every step, empty where the layer chose none', () => {
    const steps = [[{ layer: 2, rows: [0] }], [{ layer: 1, rows: [] }]];
    const packed = packRegions({ grid: 2, hd: 4, steps });
    expect(packed).toEqual({
      layers: [1, 2],
      steps: [
        ['', 'AQ'],
        ['', ''],
      ],
    });
  });

  it('is nothing where no layer chooses', () => {
    expect(packRegions({ grid: 9, hd: 27, steps: [[]] })).toBeNull();
  });
});

describe('regionEdges', () => {
  it.each([9, 13, 24, 27, 72])('are where the runtime draws the regions of %d tokens a side', (hd) => {
    const side = 9 * hd * 16;
    const edges = regionEdges({ grid: 9, hd });
    for (let region = 0; region < 9; region += 1) {
      const box = regionBox(region, hd, { width: side, height: side });
      expect([box?.x, (box?.x ?? 0) + (box?.width ?? 0)]).toEqual(
        [edges[region], edges[region + 1]].map((edge) => Math.round((edge ?? NaN) * side)),
      );
    }
  });
});
