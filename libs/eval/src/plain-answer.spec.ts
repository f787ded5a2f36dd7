import { describe, expect, it } from 'vitest';
import { plainAnswer, yesNo } from './plain-answer.js';

describe('plainAnswer', () => {
  it.each([
    ['Yes.', 'yes'],
    ['  "Two\n words"! ', 'two words'],
    ['3.5', '3.5'],
    ['U.S.', 'u.s'],
    ['(a)', 'a'],
    ['...', ''],
    ['', ''],
  ])('%j is %j', (text, plain) => {
    expect(plainAnswer(text)).toBe(plain);
  });
});

describe('yesNo', () => {
  it.each([
    ['Yes.', 'yes'],
    ['NO', 'no'],
    ['No, there is none', 'no'],
    ['yes there is', 'yes'],
    ['Yesterday', null],
    ['no-one', null],
    ['It is not', null],
    ['', null],
  ])('%j is %s', (text, answer) => {
    expect(yesNo(text)).toBe(answer);
  });
});
