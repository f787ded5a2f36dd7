import { describe, expect, it } from 'vitest';
import { letterCounts, positionBias } from './position-bias.js';
import type { ScoredItem } from './scored-item.js';

function answered(
  target: string,
  value: string | null,
  options: string[] = [],
  text: string | null = 'x',
): ScoredItem {
  return {
    item: {
      id: 'b/1',
      benchmark: 'b',
      category: null,
      question: 'q',
      picture: { kind: 'file', path: 'p' },
      options,
      targets: [target],
    },
    text,
    losses: null,
    cut: false,
    extraction: { value },
    scores: [0],
    error: null,
  };
}

describe('letterCounts', () => {
  it('counts letters that are right and that are chosen', () => {
    expect(letterCounts([answered('A', 'A'), answered('B', 'A'), answered('B', null)])).toEqual({
      A: { right: 1, chosen: 2 },
      B: { right: 2, chosen: 0 },
    });
  });

  it('takes the place of an option for its letter', () => {
    expect(letterCounts([answered('red', 'blue', ['blue', 'red'])])).toEqual({
      A: { right: 0, chosen: 1 },
      B: { right: 1, chosen: 0 },
    });
  });

  it.each([
    ['free answers', answered('red', 'blue')],
    ['options of which losses choose', answered('red', 'blue', ['blue', 'red'], null)],
    ['letters of which none is chosen', answered('A', null)],
  ])('has none of %s', (_, item) => {
    expect(letterCounts([item])).toBeNull();
  });
});

describe('positionBias', () => {
  it.each([
    [1, 1, 0],
    [2, 0, 0.5],
    [0, 7, 0.5],
  ])('%i times A and %i times B, both right as often: %d', (a, b, bias) => {
    expect(positionBias({ A: { right: 3, chosen: a }, B: { right: 3, chosen: b } })).toBeCloseTo(bias, 12);
  });
});
