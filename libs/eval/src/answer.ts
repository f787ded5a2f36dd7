import { z } from 'zod';
import { EvalError } from './errors.js';
import type { InferItem } from './item.js';
import type { Verdict } from './metric.js';

/** What a model gave for one item. `verdict`: a judge's on the text; left out: not judged. */
export type Answer =
  | { text: string; finish?: 'stop' | 'length' | undefined; verdict?: Verdict | undefined }
  | { losses: readonly number[] };

/** What a model gave, or why there is nothing to score. */
export type AnswerOrError = Answer | { error: { code: string; message: string } };

/** 64 Ki UTF-16 units: 512 tokens have a hundredth of that; longer answers are recorded as an error. */
const MAX_ANSWER_LENGTH = 65_536;

const errorLine = z.object({ error: z.object({ code: z.string().min(1), message: z.string() }) });
const textLine = z.object({ text: z.string(), finish: z.enum(['stop', 'length']).optional() });
const lossesLine = z.object({ losses: z.array(z.number()) });

/**
 * A line of a model's answers.jsonl, already parsed, as the answer to `item`. What does not fit the item comes back as
 * an error (`ANSWER_INVALID`, `ANSWER_TOO_LONG`), as does an error that the model recorded itself.
 */
export function answerTo(item: InferItem, line: unknown): AnswerOrError {
  const recorded = errorLine.safeParse(line);
  if (recorded.success) return recorded.data;
  return 'options' in item ? lossesAnswer(item.id, item.options.length, line) : textAnswer(item.id, line);
}

function textAnswer(id: string, line: unknown): AnswerOrError {
  const parsed = textLine.safeParse(line);
  if (!parsed.success) return invalid(id, 'expected `text` (and `finish`)', parsed.error);
  const { length } = parsed.data.text;
  if (length <= MAX_ANSWER_LENGTH) return parsed.data;
  const what = `expected at most ${MAX_ANSWER_LENGTH} characters, got ${length}`;
  return failure(new EvalError('ANSWER_TOO_LONG', what, { item: id, hint: 'lower the limit of new tokens' }));
}

function lossesAnswer(id: string, options: number, line: unknown): AnswerOrError {
  const parsed = lossesLine.safeParse(line);
  if (!parsed.success) return invalid(id, 'expected `losses`, finite numbers', parsed.error);
  const { losses } = parsed.data;
  return losses.length === options
    ? { losses }
    : invalid(id, `expected ${options} losses, got ${losses.length}`);
}

function invalid(id: string, what: string, cause?: unknown): AnswerOrError {
  return failure(
    new EvalError('ANSWER_INVALID', what, { item: id, hint: 'ask the model again for this item', cause }),
  );
}

function failure({ code, message }: EvalError): AnswerOrError {
  return { error: { code, message } };
}
