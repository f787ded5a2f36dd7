import { z } from 'zod';
import { answerTo, type AnswerOrError } from '../answer.js';
import { EvalError } from '../errors.js';
import type { InferItem } from '../item.js';
import { readJsonLines } from './json-lines.js';

/** An answer and where it stands in its file; regions themselves are left there. */
export interface ReadAnswer {
  answer: AnswerOrError;
  line: number;
  hasRegions: boolean;
}

const anyAnswer = z.looseObject({ id: z.string(), regions: z.unknown().optional() });

/**
 * A model's answers by item id. Each item must have exactly one: `ANSWER_MISSING`, `ANSWER_DUPLICATE` and
 * `ANSWER_UNKNOWN` name the first that has not; a line without an id: `BAD_LINE`.
 */
export async function readAnswers(
  file: string,
  items: ReadonlyMap<string, InferItem>,
): Promise<Map<string, ReadAnswer>> {
  const answers = new Map<string, ReadAnswer>();
  for await (const { line, value } of readJsonLines(file)) {
    const parsed = anyAnswer.safeParse(value);
    const at = { file, item: `line ${line}` };
    if (!parsed.success) {
      throw new EvalError('BAD_LINE', 'expected an object with an `id`', { ...at, hint: 'run infer again' });
    }
    const { id, regions } = parsed.data;
    const item = items.get(id);
    if (item === undefined) {
      const hint = 'give the answers to these items';
      throw new EvalError('ANSWER_UNKNOWN', `no item has the id "${id}"`, { ...at, hint });
    }
    if (answers.has(id)) {
      const hint = 'keep one answer for each item';
      throw new EvalError('ANSWER_DUPLICATE', `the item "${id}" is answered twice`, { ...at, hint });
    }
    answers.set(id, {
      answer: answerTo(item, value),
      line,
      hasRegions: regions !== undefined && regions !== null,
    });
  }
  const missing = [...items.keys()].filter((id) => !answers.has(id));
  if (missing.length === 0) return answers;
  throw new EvalError(
    'ANSWER_MISSING',
    `${missing.length} of ${items.size} items have no answer, the first is "${missing[0] ?? ''}"`,
    { file, hint: 'run infer again, it continues where it stopped' },
  );
}
