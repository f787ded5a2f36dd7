import { describe, expect, it } from 'vitest';
import { orderSamples, type Judged } from './order-samples.js';
import { isRight } from './right.js';

/** Items of one task of which the first `right` were answered right. */
function items(benchmark: string, count: number, right: number): Judged[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `${benchmark}/${i}`,
    benchmark,
    category: null,
    score: i < right ? 1 : 0,
  }));
}

/** How many of the ids are of the benchmark, and how many of these are right. */
function tally(ids: readonly string[], lines: readonly Judged[], benchmark: string): [number, number] {
  const own = lines.filter((line) => line.benchmark === benchmark && ids.includes(line.id));
  return [own.length, own.filter(({ score }) => isRight(score ?? 0)).length];
}

describe('orderSamples', () => {
  const lines = [...items('a', 100, 95), ...items('b', 100, 95), ...items('c', 100, 95)];

  it('begins with all benchmarks alike, right and wrong answers alike', () => {
    const first = orderSamples(lines, 1).slice(0, 12);
    for (const benchmark of ['a', 'b', 'c']) expect(tally(first, lines, benchmark)).toEqual([4, 2]);
  });

  it('holds every item once', () => {
    const order = orderSamples([...items('a', 2, 2), ...items('b', 100, 100)], 1);
    expect(order).toHaveLength(102);
    expect(new Set(order).size).toBe(102);
  });

  it('depends on the seed and not on the order of the lines', () => {
    const order = orderSamples(lines, 1);
    expect(orderSamples([...lines].reverse(), 1)).toEqual(order);
    expect(orderSamples(lines, 2)).not.toEqual(order);
  });

  it('takes what has no score for a wrong answer', () => {
    const failed = items('a', 2, 2).map((line, i) => (i === 0 ? { ...line, score: null } : line));
    expect(orderSamples(failed, 1)).toEqual(['a/1', 'a/0']);
  });
});
