import { PipelineError } from './errors.js';

/** Characters: far more than any context holds; onnxruntime 1.30 crashes in a process with an argument of 32 kB. */
const MAX_QUESTION_LENGTH = 16_384;

/** @throws PipelineError QUESTION_TOO_LONG */
export function checkQuestion(question: string): void {
  if (question.length <= MAX_QUESTION_LENGTH) return;
  const what = `expected a question of at most ${MAX_QUESTION_LENGTH} characters, got ${question.length}`;
  throw new PipelineError('QUESTION_TOO_LONG', what, { hint: 'shorten it' });
}
