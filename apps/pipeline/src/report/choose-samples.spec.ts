import { describe, expect, it } from 'vitest';
import { chooseSamples, isRight, type Candidate } from './choose-samples.js';

/** Items of one task, answered by both models; `right` of them by `flexattn`. */
function items(benchmark: string, count: number, right: number): Candidate[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `${benchmark}/${i}`,
    benchmark,
    category: null,
  })).flatMap((item, i) => [
    { ...item, model: 'low-res', score: 0 },
    { ...item, model: 'flexattn', score: i < right ? 1 : 0 },
  ]);
}

const options = { count: 12, seed: 1, models: ['low-res', 'flexattn'], judged: 'flexattn' };

/** How many of the chosen are of the benchmark, and how many of these are right. */
function tally(chosen: readonly string[], lines: readonly Candidate[], benchmark: string): [number, number] {
  const own = lines.filter(
    (line) => line.benchmark === benchmark && line.model === 'flexattn' && chosen.includes(line.id),
  );
  return [own.length, own.filter(({ score }) => isRight(score ?? 0)).length];
}

describe('chooseSamples', () => {
  const lines = [...items('a', 100, 95), ...items('b', 100, 95), ...items('c', 100, 95)];

  it('spreads over the benchmarks, right and wrong answers alike', () => {
    const chosen = chooseSamples(lines, options);
    expect(new Set(chosen).size).toBe(12);
    for (const benchmark of ['a', 'b', 'c']) expect(tally(chosen, lines, benchmark)).toEqual([4, 2]);
  });

  it('fills up where a benchmark has too few, or no wrong answers', () => {
    const few = [...items('a', 2, 2), ...items('b', 100, 100)];
    const chosen = chooseSamples(few, options);
    expect([tally(chosen, few, 'a'), tally(chosen, few, 'b')]).toEqual([
      [2, 2],
      [10, 10],
    ]);
  });

  it('depends on the seed and not on the order of the lines', () => {
    const chosen = chooseSamples(lines, options);
    expect(chooseSamples([...lines].reverse(), options).sort()).toEqual([...chosen].sort());
    expect(chooseSamples(lines, { ...options, seed: 2 })).not.toEqual(chosen);
  });

  it('passes over what a model failed on', () => {
    const failed = items('a', 1, 1).map((line) =>
      line.model === 'low-res' ? { ...line, score: null } : line,
    );
    expect(chooseSamples([...failed, ...items('b', 1, 1)], options)).toEqual(['b/0']);
    expect(chooseSamples(failed, options)).toEqual([]);
  });

  it('chooses none of any where none is wanted', () => {
    expect(chooseSamples(lines, { ...options, count: 0 })).toEqual([]);
  });
});
