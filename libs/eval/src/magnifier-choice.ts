import { inlineOptions, LETTERS, type Choice } from './choices.js';
import { pythonStrip } from './python-text.js';

/**
 * The letter that MagnifierBench's published script reads from an answer: "The answer is X"; else the first of A, B, C, D
 * that occurs as a capital anywhere ("A cat" is A, "BANANA" is A); else the first option of a one-line list whose text
 * occurs in the answer; else the first letter that occurs in any case ("i do not know" is D). See `strictChoice`.
 */
export function magnifierChoice(prediction: string, question: string): Choice {
  const stated = LETTERS.find((letter) => letter === /The answer is ([A-D])/.exec(prediction)?.[1]);
  const upper = prediction.toUpperCase();
  return (
    stated ??
    LETTERS.find((letter) => prediction.includes(letter)) ??
    optionNamed(upper, question) ??
    LETTERS.find((letter) => upper.includes(letter)) ??
    'other'
  );
}

function optionNamed(upper: string, question: string): Choice | undefined {
  const options = inlineOptions(question) ?? [];
  return LETTERS[options.findIndex((option) => upper.includes(bareOption(option).toUpperCase()))];
}

/** An option's text without outer space and one closing mark. */
export function bareOption(option: string): string {
  return pythonStrip(option).replace(/[.,?]$/, '');
}
