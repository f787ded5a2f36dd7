import { PipelineError } from './errors.js';

/** Characters; onnxruntime 1.30 crashes in a process with an argument of 32 kB. */
const LONG_QUESTION = 16_384;

/** Whether a question is too long for an argument of the process that answers it. */
export function isLongQuestion(question: string): boolean {
  return question.length > LONG_QUESTION;
}

/** @throws PipelineError QUESTION_TOO_LONG */
export function checkQuestion(question: string): void {
  if (!isLongQuestion(question)) return;
  const what = `expected a question of at most ${LONG_QUESTION} characters, got ${question.length}`;
  throw new PipelineError('QUESTION_TOO_LONG', what, { hint: 'shorten it' });
}
