import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { processAnswer } from './process-answer.js';

interface GoldenPair {
  prediction: string;
  answers: string[];
  processed: string;
  processed_answers: string[];
}

const golden = readFileSync(new URL('../golden/textvqa.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as GoldenPair);

describe('processAnswer', () => {
  it('equals the published processor on the golden pairs', () => {
    expect(golden).toHaveLength(400);
    expect(golden.map(({ prediction }) => processAnswer(prediction))).toEqual(
      golden.map((pair) => pair.processed),
    );
    expect(golden.map(({ answers }) => answers.map(processAnswer))).toEqual(
      golden.map((pair) => pair.processed_answers),
    );
  });

  it.each([
    ['number words to ten', 'None zero one TEN eleven', '0 0 1 10 eleven'],
    ['articles as words only', 'The cat and a theatre', 'cat and theatre'],
    [
      'contractions that lack an apostrophe',
      "dont couldntve couldnt've thatll",
      "don't couldntve couldn't've thatll",
    ],
    ['a contraction whose apostrophe is taken away', "somebody'd", 'somebodyd'],
    ['"its" is no contraction', 'Its it’s', 'its it’s'],
    ['possessives are split', "MEN'S men's", "men 's men 's"],
    ['commas and question marks vanish', '1,000? a,b', '1000 ab'],
    ['a mark between letters becomes a space', 'coca-cola 7/11', 'coca cola 7 11'],
    ['a mark beside a space anywhere vanishes everywhere', 'coca-cola - x', 'cocacola x'],
    ['a full stop stays before a digit only', '3.5 .5 st. u.s.a. 5.', '3.5 .5 st usa 5'],
    ['digits of any script count', 'x.٣ x.a', 'x.٣ xa'],
    ['tabs and line breaks are spaces', 'new\tline\r\nhere', 'new line here'],
    ['outer space of every kind is cut', '\u00a0\u3000 hi \u2028', 'hi'],
    ['a byte-order mark is no space', '\ufeffhi', '\ufeffhi'],
    ['other scripts and marks stay', 'Naïve 東京 $5 #1 50% &', 'naïve 東京 $5 #1 50% &'],
    ['nothing', '', ''],
    ['punctuation alone', ' !?- ', ''],
  ])('%s', (_, text, expected) => {
    expect(processAnswer(text)).toBe(expected);
  });

  it('drops at most 32 full stops, as the published call does', () => {
    expect(processAnswer('.'.repeat(32))).toBe('');
    expect(processAnswer('.'.repeat(34))).toBe('..');
  });
});
