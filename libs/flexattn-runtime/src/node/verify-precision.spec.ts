import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyPrecision } from './verify-precision.js';

const GOLDEN = join(import.meta.dirname, '../../golden');

describe('verifyPrecision', () => {
  it('tells how far int8 and int4 are from the golden figures; int4 is farther', async () => {
    const dirs = ['half-precision', 'grouped-heads'].map((name) => join(GOLDEN, name));
    const [eight, four] = [
      await verifyPrecision(dirs, { precision: 'int8', threads: 2 }),
      await verifyPrecision(dirs, { precision: 'int4', threads: 2 }),
    ];
    for (const [index, small] of four.entries()) {
      const large = eight[index];
      expect(large?.case).toBe(small.case);
      expect(large?.steps).toBeGreaterThan(0);
      expect(large?.jaccard).toBeGreaterThan(0.9);
      expect(large?.equalTokens).toBe(large?.tokens);
      expect(small.equalTokens).toBeLessThan(small.tokens);
      expect(large?.logitError).toBeGreaterThan(1e-4);
      expect(large?.logitError).toBeLessThan(0.1);
      expect(small.logitError).toBeGreaterThan(large?.logitError ?? Infinity);
      expect(small.weightError).toBeGreaterThan(large?.weightError ?? Infinity);
    }
  });
});
