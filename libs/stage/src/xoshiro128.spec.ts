import { expect, it } from 'vitest';
import { drawBelow, xoshiro128 } from './xoshiro128.js';

it('gives what the reference implementation (xoshiro128starstar.c 1.1) does', () => {
  const next = xoshiro128([1, 2, 3, 4]);
  const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
  expect(expected.map(() => next())).toEqual(expected);
});

it('throws away draws from the uneven end of the range', () => {
  const draws = [2 ** 32 - 1, 2 ** 32 - 2, 7];
  const next = () => draws.shift() ?? 0;
  // 2^32 is 1 more than a multiple of 3: its last value would make 0 likelier.
  expect([drawBelow(next, 3), drawBelow(next, 3)]).toEqual([2, 1]);
  expect(drawBelow(() => 2 ** 32 - 1, 2 ** 32)).toBe(2 ** 32 - 1);
});
