import { describe, expect, it } from 'vitest';
import { fixedRegions } from './fixed-regions.js';

const chosen = (flags: boolean[] | undefined) => flags?.flatMap((flag, region) => (flag ? [region] : []));
const random = (share: number, seed: number, layer: number) =>
  chosen(fixedRegions({ selection: 'random', share, seed }, layer));

describe('fixedRegions', () => {
  it('leaves the choice to attention, and makes none without a selection', () => {
    expect(fixedRegions({ selection: 'attention', share: 1, seed: 0 }, 3)).toBeUndefined();
    expect(fixedRegions({ selection: 'none', share: 1, seed: 0 }, 3)).toBeUndefined();
  });

  it('takes the share that is asked for', () => {
    expect(random(0.25, 1, 0)).toHaveLength(20);
    expect(random(1, 1, 0)).toHaveLength(81);
    expect(chosen(fixedRegions({ selection: 'centre', share: 1 / 81, seed: 0 }, 0))).toEqual([40]);
    expect(chosen(fixedRegions({ selection: 'all', share: 0, seed: 0 }, 0))).toHaveLength(81);
  });

  it('draws other regions for another layer or seed, and the same ones again', () => {
    expect(random(0.1, 1, 0)).toEqual(random(0.1, 1, 0));
    expect(random(0.1, 1, 0)).not.toEqual(random(0.1, 1, 1));
    expect(random(0.1, 1, 0)).not.toEqual(random(0.1, 2, 0));
  });

  it('draws every region about as often as any other', () => {
    const counts = new Array<number>(81).fill(0);
    for (let layer = 0; layer < 2000; layer++)
      for (const region of random(0.1, 5, layer) ?? []) counts[region] = (counts[region] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(140);
    expect(Math.max(...counts)).toBeLessThan(260);
  });
});
