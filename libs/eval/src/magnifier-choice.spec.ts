import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { magnifierChoice } from './magnifier-choice.js';

const golden = readFileSync(new URL('../golden/magnifier-choice.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { prediction: string; question: string; choice: string });

const INLINE = 'What is it? A. red, B. blue, C. green., D. no dog?';
const LINES = 'What is it?\nA. red\nB. blue\nC. green\nD. no dog';

describe('magnifierChoice', () => {
  it('equals the published extraction on the golden pairs', () => {
    expect(golden).toHaveLength(300);
    expect(golden.map(({ prediction, question }) => magnifierChoice(prediction, question))).toEqual(
      golden.map(({ choice }) => choice),
    );
  });

  it.each([
    ['a stated answer wins over capitals before it', 'Because A: The answer is C', INLINE, 'C'],
    ['the first letter of the alphabet wins, not the first in the text', 'D or A', INLINE, 'A'],
    ['a capital anywhere counts', 'A cat', INLINE, 'A'],
    ['an option of a one-line list, its last mark left out', 'it is green', INLINE, 'C'],
    ['options on a line each are not read', 'green', LINES, 'other'],
    ['a small letter anywhere counts last', 'i do not know', LINES, 'D'],
    ['a stated E is none, and no letter is in it', 'The one is E', '', 'other'],
    ['nothing', '', INLINE, 'other'],
    ['an empty option is in any text', 'x', 'Q? A. ., B. b, C. c, D. d', 'A'],
    ['the list may stand in a later line', 'it is blue', `A. x\n${INLINE}`, 'B'],
    ['a list cut by a line break is none', 'it is red', 'A. red, B. blue,\nC. c, D. d', 'D'],
    ['other line separators do not cut it', 'it is red', 'A. red,\u2028, B. u, C. c, D. d', 'A'],
  ])('%s', (_, prediction, question, expected) => {
    expect(magnifierChoice(prediction, question)).toBe(expected);
  });

  it('takes linear time on a question made to backtrack', () => {
    const hostile = `${'A. x, B. y, C. z'.repeat(20_000)} end`;
    expect(magnifierChoice('xx', hostile)).toBe('other');
  });
});
