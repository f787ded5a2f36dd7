import { EvalError } from './errors.js';
import { pythonSplit } from './python-text.js';

/** A normalised distance from here on is no likeness at all. */
const THRESHOLD = 0.5;

/**
 * Average normalised Levenshtein similarity of one prediction (DocVQA), 0 to 1: for each answer 1 - NL where the
 * normalised distance NL is below 0.5, else 0; the greatest of them. As the published evaluation does, both sides are in
 * lower case with single spaces for the distance, and the longer of the texts as given is what it is divided by; characters
 * are code points. No answers at all: `NO_ANSWERS`.
 */
export function anls(prediction: string, answers: readonly string[]): number {
  if (answers.length === 0) {
    throw new EvalError('NO_ANSWERS', 'a question without answers cannot be scored', {
      hint: 'give at least one answer',
    });
  }
  return Math.max(...answers.map((answer) => likeness(prediction, answer)));
}

function likeness(prediction: string, answer: string): number {
  const [a, b] = [comparable(prediction), comparable(answer)];
  const length = Math.max(lengthOf(prediction), lengthOf(answer));
  if (length === 0) return 1;
  // The distance is never below the difference in length: a long answer is settled without it.
  if (Math.abs(a.length - b.length) / length >= THRESHOLD) return 0;
  const normalised = levenshtein(a, b) / length;
  return normalised < THRESHOLD ? 1 - normalised : 0;
}

/** The published script takes the length of the text in capitals. */
function lengthOf(text: string): number {
  return [...text.toUpperCase()].length;
}

function comparable(text: string): string[] {
  return [...pythonSplit(text.toLowerCase()).join(' ')];
}

/** Least number of characters inserted, deleted or replaced that makes `a` of `b`. */
function levenshtein(a: readonly string[], b: readonly string[]): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [row, character] of a.entries()) {
    const line = [row + 1];
    for (const [column, other] of b.entries()) {
      const replaced = (above[column] ?? 0) + (character === other ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
