import { describe, expect, it } from 'vitest';
import { pairedBootstrap } from './paired-bootstrap.js';

describe('pairedBootstrap', () => {
  it('finds a difference that is there', () => {
    const { difference, interval95, p } = pairedBootstrap(
      Array.from({ length: 100 }, (_, i) => (i % 5 === 0 ? 0 : 1)),
    );
    expect(difference).toBeCloseTo(0.8, 12);
    expect(interval95[0]).toBeGreaterThan(0.65);
    expect(p).toBe(2 / 2001);
  });

  it('finds none where there is none', () => {
    const { difference, p } = pairedBootstrap(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1)));
    expect(difference).toBe(0);
    expect(p).toBeGreaterThan(0.5);
  });

  it('is 1 where all items are equal', () => {
    expect(pairedBootstrap([0, 0, 0])).toEqual({ difference: 0, interval95: [0, 0], p: 1 });
    expect(() => pairedBootstrap([])).toThrow(/NO_VALUES/);
  });
});
