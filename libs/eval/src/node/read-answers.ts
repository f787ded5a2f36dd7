import { z } from 'zod';
import { answerTo, type AnswerOrError } from '../answer.js';
import { EvalError } from '../errors.js';
import type { InferItem } from '../item.js';
import type { AnswerLine } from '../results.js';
import { readJsonLines } from './json-lines.js';

/** An answer with what else its line tells. Regions themselves are left where they are. */
export interface ReadAnswer extends Pick<AnswerLine, 'timing' | 'regions'> {
  answer: AnswerOrError;
  /** Why a judge that was asked gave no verdict. */
  unjudged?: string;
}

const anyAnswer = z.looseObject({
  id: z.string(),
  ms: z.number().nonnegative().optional(),
  regions: z.unknown().optional(),
});

/**
 * A model's answers by item id, from one file or from the files of several shards, whose lines count on from file to
 * file. Each item must have exactly one: `ANSWER_MISSING`, `ANSWER_DUPLICATE` and `ANSWER_UNKNOWN` name the first that
 * has not; a line without an id: `BAD_LINE`.
 */
export async function readAnswers(
  files: readonly string[],
  items: ReadonlyMap<string, InferItem>,
): Promise<Map<string, ReadAnswer>> {
  const answers = new Map<string, ReadAnswer>();
  let before = 0;
  for (const file of files) {
    let lines = 0;
    for await (const { line, value } of readJsonLines(file)) {
      const { item, ms, regions } = lineOf(value, file, line, items, answers);
      const hasRegions = regions !== undefined && regions !== null;
      answers.set(item.id, {
        answer: answerTo(item, value),
        timing: ms === undefined ? null : { ms },
        regions: hasRegions ? { line: before + line } : null,
      });
      lines = line;
    }
    before += lines;
  }
  const missing = [...items.keys()].filter((id) => !answers.has(id));
  if (missing.length === 0) return answers;
  throw new EvalError(
    'ANSWER_MISSING',
    `${missing.length} of ${items.size} items have no answer, the first is "${missing[0] ?? ''}"`,
    {
      file: files.join(', '),
      hint: 'run infer again, it continues where it stopped; give the files of all shards',
    },
  );
}

/** The line, which must answer an item that was asked and has no answer yet. */
function lineOf(
  value: unknown,
  file: string,
  line: number,
  items: ReadonlyMap<string, InferItem>,
  answers: ReadonlyMap<string, ReadAnswer>,
): z.output<typeof anyAnswer> & { item: InferItem } {
  const parsed = anyAnswer.safeParse(value);
  const at = { file, item: `line ${line}` };
  if (!parsed.success) {
    throw new EvalError('BAD_LINE', 'expected an object with an `id`', { ...at, hint: 'run infer again' });
  }
  const { id } = parsed.data;
  const item = items.get(id);
  if (item === undefined) {
    const hint = 'give the answers to these items';
    throw new EvalError('ANSWER_UNKNOWN', `no item has the id "${id}"`, { ...at, hint });
  }
  if (answers.has(id)) {
    const hint = 'keep one answer for each item';
    throw new EvalError('ANSWER_DUPLICATE', `the item "${id}" is answered twice`, { ...at, hint });
  }
  return { ...parsed.data, item };
}
