import { EvalError } from './errors.js';
import { processAnswer } from './process-answer.js';

/** A prediction is fully right where this many of the other annotators gave it. */
const AGREEING_ANNOTATORS = 3;

/**
 * Soft accuracy of TextVQA, 0 to 1: each annotator's answer is left out in turn, and min(1, matches among the others / 3)
 * is averaged. Both sides go through `processAnswer`. TextVQA has ten answers; the same rule is applied to any number of
 * them, so fewer than four equal answers cannot reach 1. No answers at all: `NO_ANSWERS`.
 */
export function textVqaAccuracy(prediction: string, answers: readonly string[]): number {
  return agreement(processAnswer(prediction), answers);
}

/** `textVqaAccuracy` of a prediction that is processed already: the processor is not idempotent. */
export function agreement(processed: string, answers: readonly string[]): number {
  if (answers.length === 0) {
    throw new EvalError('NO_ANSWERS', 'a question without answers cannot be scored', {
      hint: 'give the answers of the annotators',
    });
  }
  // Annotators mostly agree: a text that stands ten times is processed once.
  const isEqual = new Map<string, boolean>();
  const matches = answers.map((answer) => {
    const known = isEqual.get(answer) ?? processAnswer(answer) === processed;
    isEqual.set(answer, known);
    return known;
  });
  const matching = matches.filter(Boolean).length;
  // Summed in the order of the answers, so that the last bit equals the published program's.
  const total = matches.reduce(
    (sum, isMatch) => sum + Math.min(1, (matching - (isMatch ? 1 : 0)) / AGREEING_ANNOTATORS),
    0,
  );
  return total / answers.length;
}
