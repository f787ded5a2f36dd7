import { describe, expect, it } from 'vitest';
import { bootstrapInterval, standardError, wilsonInterval } from './intervals.js';

describe('wilsonInterval', () => {
  // Values of R's binom.confint(method = "wilson"), four digits.
  it.each([
    [8, 10, 0.4902, 0.9433],
    [50, 100, 0.4038, 0.5962],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [0, 0, 0, 1],
  ])('%i of %i', (successes, n, low, high) => {
    const [gotLow, gotHigh] = wilsonInterval(successes, n);
    expect(gotLow).toBeCloseTo(low, 4);
    expect(gotHigh).toBeCloseTo(high, 4);
  });
});

describe('bootstrapInterval', () => {
  const values = Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 1 : 0));

  it('agrees with the normal approximation where that holds', () => {
    const [low, high] = bootstrapInterval(values, { seed: 1 });
    const half = 1.96 * standardError(values);
    expect(low).toBeCloseTo(0.25 - half, 1.7);
    expect(high).toBeCloseTo(0.25 + half, 1.7);
  });

  it('is the same for a seed, and another for another', () => {
    expect(bootstrapInterval(values, { seed: 7 })).toEqual(bootstrapInterval(values, { seed: 7 }));
    const several = [1, 2, 3, 4, 5, 6].map((seed) =>
      bootstrapInterval(values, { seed, resamples: 100 }).join(),
    );
    expect(new Set(several).size).toBeGreaterThan(1);
  });

  it('is wider where values of a picture go together', () => {
    const clusters = values.map((_, i) => `picture ${i % 8}`);
    const [low, high] = bootstrapInterval(values, { clusters });
    const [aloneLow, aloneHigh] = bootstrapInterval(values);
    expect(high - low).toBeGreaterThan(2 * (aloneHigh - aloneLow));
  });

  it('refuses no values, and clusters that do not fit', () => {
    expect(() => bootstrapInterval([])).toThrow(/NO_VALUES/);
    expect(() => bootstrapInterval([1, 0], { clusters: ['a'] })).toThrow(/NO_VALUES/);
    expect(bootstrapInterval([1], { clusters: ['a'] })).toEqual([1, 1]);
  });
});

describe('standardError', () => {
  it('is the sample deviation / sqrt(n) without clusters', () => {
    expect(standardError([0, 1, 1, 1])).toBeCloseTo(0.25, 12);
  });

  it('takes clusters as units', () => {
    // Two clusters of two equal values: residual sums -1 and 1, so sqrt(2 * 2 / 1) / 4.
    expect(standardError([0, 0, 1, 1], ['a', 'a', 'b', 'b'])).toBeCloseTo(0.5, 12);
    expect(standardError([0, 0, 1, 1], ['a', 'a', 'a', 'a'])).toBe(0);
  });
});
