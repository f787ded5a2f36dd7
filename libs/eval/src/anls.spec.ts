import { describe, expect, it } from 'vitest';
import { anls } from './anls.js';

describe('anls', () => {
  it.each([
    ['equal', 'Denver', ['Denver'], 1],
    ['case aside', 'DENVER', ['denver'], 1],
    ['white space aside', ' new\n york ', ['New York'], 1],
    ['one letter of six', 'denvor', ['Denver'], 1 - 1 / 6],
    ['the best of the answers', 'denver', ['Boston', 'denver co', 'x'], 1 - 3 / 9],
    ['just below half', 'abcde', ['abcxy'], 1 - 2 / 5],
    ['half is nothing', 'abcd', ['abxy'], 0],
    ['another word', 'yes', ['no'], 0],
    ['nothing said', '', ['x'], 0],
    ['nothing said, nothing right', '', [''], 1],
    ['characters are code points', '😀😀a', ['😀😀b'], 1 - 1 / 3],
    ['the length is that of the text as given', ' abcd ', ['abcx'], 1 - 1 / 6],
    ['a final sigma', 'ΟΔΟΣ', ['οδος'], 1],
    ['an insertion in front', 'xdenver', ['denver'], 1 - 1 / 7],
  ])('%s', (_, prediction, answers, score) => {
    expect(anls(prediction, answers)).toBe(score);
  });

  it('refuses a question without answers', () => {
    expect(() => anls('x', [])).toThrow(/NO_ANSWERS/);
  });

  it('takes no time on a megabyte', () => {
    expect(anls('a'.repeat(1_000_000), ['a'.repeat(30)])).toBe(0);
  });
});
