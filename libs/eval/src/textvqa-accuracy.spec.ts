import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { textVqaAccuracy } from './textvqa-accuracy.js';

const golden = readFileSync(new URL('../golden/textvqa.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { prediction: string; answers: string[]; score: number });

/** `matching` answers "yes", the others "no". */
const annotators = (matching: number, all = 10) =>
  Array.from({ length: all }, (_, i) => (i < matching ? 'yes' : 'no'));

describe('textVqaAccuracy', () => {
  it('equals the published score on the golden pairs, to the last bit', () => {
    expect(golden.map(({ prediction, answers }) => textVqaAccuracy(prediction, answers))).toEqual(
      golden.map(({ score }) => score),
    );
  });

  it.each([
    [0, 0],
    [1, 0.3],
    [2, 0.6],
    [3, 0.9],
    [4, 1],
    [10, 1],
  ])('%i of ten annotators agree: %f', (matching, score) => {
    expect(textVqaAccuracy('Yes.', annotators(matching))).toBeCloseTo(score, 12);
  });

  it('applies the same rule to fewer answers', () => {
    expect(textVqaAccuracy('yes', annotators(4, 4))).toBe(1);
    expect(textVqaAccuracy('yes', annotators(3, 3))).toBeCloseTo(2 / 3, 12);
  });

  it('refuses a question without answers', () => {
    expect(() => textVqaAccuracy('yes', [])).toThrow(/NO_ANSWERS/);
  });
});
