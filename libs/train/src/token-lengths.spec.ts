import { describe, expect, it } from 'vitest';
import { tokenLengths } from './token-lengths.js';

describe('tokenLengths', () => {
  it('says nothing of no samples', () => {
    expect(tokenLengths(new Map())).toBeUndefined();
  });

  it('gives the lengths that half and 95 of 100 samples do not exceed', () => {
    const counts = new Map(Array.from({ length: 100 }, (_, i) => [i + 1, 1]));
    expect(tokenLengths(counts)).toMatchObject({
      shortest: 1,
      median: 50,
      percentile95: 95,
      longest: 100,
    });
    expect(tokenLengths(new Map([[7, 3]]))).toEqual({
      ...{ shortest: 7, median: 7, percentile95: 7, longest: 7 },
      histogram: [{ from: 7, to: 7, samples: 3 }],
    });
  });

  it.each([
    [1, 10, 1],
    [1, 11, 2],
    [90, 242, 20],
    [60, 2500, 500],
    [0, 1_000_000, 200_000],
  ])('puts lengths from %i to %i into bins of %i', (shortest, longest, width) => {
    const lengths = tokenLengths(
      new Map([
        [shortest, 2],
        [longest, 5],
      ]),
    );
    const histogram = lengths?.histogram ?? [];
    expect(histogram.length).toBeLessThanOrEqual(10);
    for (const { from, to } of histogram) expect(to - from + 1).toBe(width);
    expect(histogram[0]?.from).toBeLessThanOrEqual(shortest);
    expect(histogram.at(-1)?.to).toBeGreaterThanOrEqual(longest);
    expect(histogram[0]?.samples).toBe(2);
    expect(histogram.at(-1)?.samples).toBe(5);
  });
});
