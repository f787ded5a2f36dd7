import { describe, expect, it } from 'vitest';
import { SeededPicks } from './sample-picks.js';

function picksOf(seed: number, size: number, items: number): number[] {
  const picks = new SeededPicks<number>(seed, size);
  for (let index = 0; index < items; index += 1) picks.offer(index, () => index);
  return picks.chosen();
}

describe('SeededPicks', () => {
  it('takes all items where there are no more than wanted', () => {
    expect(picksOf(1, 5, 0)).toEqual([]);
    expect(picksOf(1, 5, 5)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes the same ones for the same seed, and others for another', () => {
    expect(picksOf(1, 5, 1000)).toEqual([67, 198, 281, 391, 535]);
    expect(picksOf(2, 5, 1000)).not.toEqual(picksOf(1, 5, 1000));
    expect(picksOf(0, 5, 1000)).toHaveLength(5);
  });

  it('keeps the smaller choice within the larger', () => {
    expect(picksOf(7, 20, 500)).toEqual(expect.arrayContaining(picksOf(7, 10, 500)));
  });

  it('takes every item as often as any other', () => {
    const taken = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 2000; seed += 1) {
      for (const index of picksOf(seed, 5, 20)) taken[index] = (taken[index] ?? 0) + 1;
    }
    // 2000 draws of 5 in 20: 500 each, standard deviation 19.
    expect(Math.min(...taken)).toBeGreaterThan(400);
    expect(Math.max(...taken)).toBeLessThan(600);
  });

  it('makes only what it chooses', () => {
    let made = 0;
    const picks = new SeededPicks<number>(1, 3);
    for (let index = 0; index < 10_000; index += 1) picks.offer(index, () => (made += 1));
    // The expected number of records: 3 * (1 + ln(10000 / 3)), some 27.
    expect(made).toBeLessThan(60);
  });
});
