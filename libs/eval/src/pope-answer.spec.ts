import { describe, expect, it } from 'vitest';
import { popeAnswer, popeScores, type YesNo } from './pope-answer.js';

describe('popeAnswer', () => {
  it.each([
    ['Yes', 'yes'],
    ['No', 'no'],
    ['No, there is none', 'no'],
    ['There is no dog', 'no'],
    ['It is not. Yes', 'no'],
    ['Yes. No', 'yes'], // the first sentence only
    ['NO', 'yes'], // not spelt so in the published list
    ['nothing', 'yes'], // no word of it
    ['No\nthere is none', 'yes'], // words are apart by spaces
    ['No!', 'yes'],
    ['', 'yes'],
  ])('%j is %s', (text, answer) => {
    expect(popeAnswer(text)).toBe(answer);
  });
});

describe('popeScores', () => {
  const of = (text: string) => [...text].map((letter): YesNo => (letter === 'y' ? 'yes' : 'no'));

  it.each([
    ['all right', 'yynn', 'yynn', { accuracy: 1, precision: 1, recall: 1, f1: 1, yesRatio: 0.5 }],
    ['a mixture', 'yyyn', 'ynnn', { accuracy: 0.5, precision: 1 / 3, recall: 1, f1: 0.5, yesRatio: 0.75 }],
    ['never yes', 'nn', 'yn', { accuracy: 0.5, precision: 0, recall: 0, f1: 0, yesRatio: 0 }],
    ['no positives', 'yn', 'nn', { accuracy: 0.5, precision: 0, recall: 0, f1: 0, yesRatio: 0.5 }],
    ['nothing but no', 'nn', 'nn', { accuracy: 1, precision: 0, recall: 0, f1: 0, yesRatio: 0 }],
  ])('%s', (_, answers, labels, scores) => {
    expect(popeScores(of(answers), of(labels))).toEqual(scores);
  });

  it('refuses nothing, and another number of labels', () => {
    expect(() => popeScores([], [])).toThrow(/NO_VALUES/);
    expect(() => popeScores(['yes'], [])).toThrow(/got 1 for 0.*NO_VALUES/);
  });
});
