import { join } from 'node:path';
import { parseJson, readJsonAs, readTextLines, StageError } from '@flexattn/stage';
import type { EvaluatedModel } from '../compare-runs.js';
import type { AnswerLine } from '../results.js';
import { answerLineSchema, modelResultsSchema } from '../results-schema.js';

/** Reads what `scoreAnswers` wrote for a model: the folder with its results.json and answers.jsonl. */
export async function readEvaluation(folder: string, label = folder): Promise<EvaluatedModel> {
  const results = await readJsonAs(join(folder, 'results.json'), modelResultsSchema);
  return { label, results, answers: await readAnswerLines(join(folder, 'answers.jsonl')) };
}

/** The lines of an answers.jsonl. Another content: `BAD_JSON` or `BAD_CONTENT`, with the line. */
export async function readAnswerLines(file: string): Promise<AnswerLine[]> {
  const lines: AnswerLine[] = [];
  for await (const { line, text } of readTextLines(file)) {
    const parsed = answerLineSchema.safeParse(parseJson(text, { file: `${file}, line ${line}` }));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new StageError('BAD_CONTENT', issue?.message ?? 'unexpected content', {
        file,
        item: [`line ${line}`, ...(issue?.path ?? [])].join('.'),
        hint: 'score the answers again',
        cause: parsed.error,
      });
    }
    lines.push(parsed.data);
  }
  return lines;
}
