import { describe, expect, it } from 'vitest';
import { NumberList } from './number-list.js';

describe('NumberList', () => {
  it('keeps numbers beyond one block, and beyond 32 bits', () => {
    const list = new NumberList();
    const count = 2 ** 20 + 3;
    for (let i = 0; i < count; i += 1) list.push(i * 2 ** 20);
    expect(list.length).toBe(count);
    for (const i of [0, 1, 2 ** 20 - 1, 2 ** 20, count - 1]) expect(list.at(i)).toBe(i * 2 ** 20);
  });

  it.each([-1, 1])('has nothing at %i of one', (place) => {
    const list = new NumberList();
    list.push(5);
    expect(list.at(0)).toBe(5);
    expect(() => list.at(place)).toThrow(RangeError);
  });
});
