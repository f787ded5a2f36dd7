import { describe, expect, it } from 'vitest';
import { encodingProblem, parseTokenLine, sampleLength } from './token-line.js';
import type { Encoded, Span } from './token-line.js';

const ids = [1, 5, -200, 6, 7, 8, 2];

describe('encodingProblem', () => {
  it.each<[string, Encoded]>([
    ['one image and one answer', { inputIds: ids, answers: [[5, 7]] }],
    ['no image', { inputIds: [1, 5, 6], answers: [[1, 3]] }],
    ['an empty answer', { inputIds: ids, answers: [[4, 4]] }],
    ['no answer', { inputIds: ids, answers: [] }],
  ])('accepts %s', (_, encoded) => {
    expect(encodingProblem(encoded)).toBeUndefined();
  });

  it.each<[string, number[], Span[], RegExp]>([
    ['two images', [1, -200, -200, 3], [[3, 4]], /at most one image token/],
    ['another negative id', [1, -100, 3], [[2, 3]], /below 0/],
    ['an answer that nothing predicts', ids, [[0, 1]], /\[0, 1\)/],
    ['an answer that ends outside', ids, [[5, 8]], /inside the 7 ids/],
    ['an answer that ends before it begins', ids, [[5, 4]], /\[5, 4\)/],
    ['an answer with the image', ids, [[1, 3]], /holds the image token at 2/],
  ])('refuses %s', (_, inputIds, answers, message) => {
    expect(encodingProblem({ inputIds, answers })).toMatch(message);
  });
});

describe('parseTokenLine', () => {
  const line = { id: 'a', image: 'a.png', inputIds: ids, answers: [[5, 7]] };

  it('takes a line as it was written', () => {
    expect(parseTokenLine(line, 'tokens.jsonl', 1)).toEqual(line);
  });

  it.each([
    ['a line without ids', { ...line, inputIds: undefined }, /tokens\.jsonl\[line 3\]: inputIds: /],
    ['an unknown key', { ...line, labels: [] }, /labels/],
    ['a fraction', { ...line, inputIds: [1.5] }, /inputIds\.0/],
    ['spans that do not fit', { ...line, answers: [[5, 9]] }, /answers: \[5, 9\)/],
  ])('refuses %s', (_, value, message) => {
    expect(() => parseTokenLine(value, 'tokens.jsonl', 3)).toThrow(message);
  });
});

describe('sampleLength', () => {
  // 7 ids, the image takes 4 positions: 10 in all; the answer stands at 8 and 9.
  it.each([
    [10, 2],
    [9, 1],
    [8, 0],
    [5, 0],
  ])('keeps within %i positions %i answer tokens', (limit, kept) => {
    expect(sampleLength({ inputIds: ids, answers: [[5, 7]] }, 4, limit)).toEqual({
      positions: 10,
      answerTokens: 2,
      keptAnswerTokens: kept,
    });
  });

  it('counts an answer before the image where it stands, and nothing where the image does not fit', () => {
    const encoded: Encoded = { inputIds: [1, 2, -200], answers: [[1, 2]] };
    expect(sampleLength(encoded, 4, 6).keptAnswerTokens).toBe(1);
    expect(sampleLength(encoded, 4, 5).keptAnswerTokens).toBe(0);
  });
});
