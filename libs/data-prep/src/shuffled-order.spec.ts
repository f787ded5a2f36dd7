import { describe, expect, it } from 'vitest';
import { shuffledOrder } from './shuffled-order.js';

describe('shuffledOrder', () => {
  it.each([
    [0, 0, []],
    [0, 1, [0]],
    [1, 8, [6, 2, 5, 3, 1, 7, 0, 4]],
    [2 ** 53 - 1, 8, [1, 6, 0, 3, 4, 7, 2, 5]],
  ])('seed %i, %i places: always the same order', (seed, count, expected) => {
    expect([...shuffledOrder(seed, count)]).toEqual(expected);
  });

  it('holds every place once, and other seeds give other orders', () => {
    const order = shuffledOrder(7, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...shuffledOrder(8, 1000)]).not.toEqual([...order]);
  });

  it('puts each of three places first about equally often', () => {
    const first = [0, 0, 0];
    for (let seed = 0; seed < 3000; seed += 1) {
      const [place = 0] = shuffledOrder(seed, 3);
      first[place] = (first[place] ?? 0) + 1;
    }
    for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(130); // five standard deviations
  });
});
