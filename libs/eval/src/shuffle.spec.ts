import { describe, expect, it } from 'vitest';
import { shuffled } from './shuffle.js';

const values = ['a', 'b', 'c', 'd'];

describe('shuffled', () => {
  it('keeps every value, and the same order for a seed and key', () => {
    expect(shuffled(values, 1, 'x').sort()).toEqual(values);
    expect(shuffled(values, 1, 'x')).toEqual(shuffled(values, 1, 'x'));
    expect(shuffled([], 1, 'x')).toEqual([]);
  });

  it.each([
    ['keys', (i: number) => shuffled(values, 0, `vstar/part/sa_${i}`)],
    ['seeds', (i: number) => shuffled(values, i, 'vstar/part/sa_1')],
  ])('puts the first value anywhere alike often, over %s', (_, order) => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const at = order(i).indexOf('a');
      counts[at] = (counts[at] ?? 0) + 1;
    }
    // 1000 each, standard deviation 27.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110);
  });
});
