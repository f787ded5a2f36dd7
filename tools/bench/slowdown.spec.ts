import { describe, expect, it } from 'vitest';
import { pairedSlowdown } from './slowdown.js';

describe('pairedSlowdown', () => {
  it.each([
    ['the same figures', [1, 2, 3], [1, 2, 3], 1, false],
    ['a steady 5 % more', [1, 2, 3], [1.05, 2.1, 3.15], 1.05, false],
    ['a steady 20 % more', [1, 2, 3], [1.2, 2.4, 3.6], 1.2, true],
    ['a steady 20 % less', [1, 2, 3], [0.8, 1.6, 2.4], 0.8, false],
    ['a machine that gets slower under both', [1, 2, 4, 8], [1.01, 1.99, 4.02, 8.01], 1.003, false],
    ['one disturbed run', [1, 1, 1, 1, 1], [1, 1, 1, 1, 9], 1.552, false],
    ['20 % more with little noise', [1, 1.02, 0.99, 1, 1.01], [1.2, 1.21, 1.2, 1.22, 1.19], 1.199, true],
    ['20 % more with much noise', [1, 1, 1, 1], [0.8, 1.9, 0.9, 1.6], 1.216, false],
  ] as const)('%s', (_, before, after, ratio, isSignificant) => {
    const found = pairedSlowdown(before, after);
    expect(found.ratio).toBeCloseTo(ratio, 3);
    expect(found.isSignificant).toBe(isSignificant);
    expect(found.low).toBeLessThanOrEqual(found.ratio);
    expect(found.high).toBeGreaterThanOrEqual(found.ratio);
  });

  it('gives the interval of the paired t test', () => {
    // By hand: logs ln 1.1, ln 1.2, ln 1.3; mean 0.1801, deviation 0.0836, t of 2 degrees of freedom 4.303.
    const { low, high } = pairedSlowdown([1, 1, 1], [1.1, 1.2, 1.3]);
    expect(low).toBeCloseTo(0.9727, 3);
    expect(high).toBeCloseTo(1.4736, 3);
  });

  it('is as sure of twice as fast as of twice as slow', () => {
    const [slow, fast] = [pairedSlowdown([1, 1.1, 1], [2, 2, 2.1]), pairedSlowdown([2, 2, 2.1], [1, 1.1, 1])];
    expect(slow.low).toBeCloseTo(1 / fast.high, 12);
  });

  it.each([
    [[1], [1]],
    [[1, 2], [1]],
    [
      [0, 1],
      [1, 1],
    ],
    [
      [1, 1],
      [1, NaN],
    ],
  ])('refuses %j and %j', (before, after) => {
    expect(() => pairedSlowdown(before, after)).toThrow(/expected pairs of figures above 0/);
  });
});
