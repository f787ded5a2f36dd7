import { describe, expect, it } from 'vitest';
import { mcnemar } from './mcnemar.js';

describe('mcnemar', () => {
  it.each([
    [0, 0, 1],
    [5, 5, 1],
    [0, 1, 1],
    [0, 6, 2 / 64],
    [10, 2, (2 * (1 + 12 + 66)) / 4096],
    [2, 10, (2 * (1 + 12 + 66)) / 4096],
    [0, 1000, 2 ** -999],
  ])('%i against %i', (onlyFirst, onlySecond, p) => {
    expect(mcnemar(onlyFirst, onlySecond)).toBe(p);
  });

  it('is near the normal approximation for thousands of items', () => {
    // z = (|1040 - 960| - 1) / sqrt(2000) = 1.7665; two-sided 0.0773.
    expect(mcnemar(1040, 960)).toBeCloseTo(0.0773, 3);
  });
});
