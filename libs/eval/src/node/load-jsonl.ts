import { join } from 'node:path';
import { z } from 'zod';
import type { Asking, Benchmark } from '../benchmark.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { checkTargets, jsonlSteps } from '../jsonl-steps.js';
import type { MetricName } from '../named-metrics.js';
import { letterOptions, rightOption } from '../options.js';
import { locate } from './folder.js';
import { readJsonLines } from './json-lines.js';
import { fileId, idOf, parseItem, targetsOf } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const coordinate = z.number();
const answer = z.union([
  z.string(),
  z.number().transform(String),
  z.tuple([coordinate, coordinate, coordinate, coordinate]).transform((box) => JSON.stringify(box)),
]);
const row = z.object({
  id: fileId,
  image: z.string().min(1),
  question: z.string().min(1),
  /** A part with a score of its own. */
  category: z.string().min(1).optional(),
  /** All that are right; boxes as [x1, y1, x2, y2], shares of width and height. */
  answers: z.array(answer).optional(),
  /** Texts of which the model's losses choose, the right one first. */
  options: z.array(z.string()).optional(),
  /** Texts that the model sees with letters, the right one first. */
  choices: z.array(z.string()).optional(),
});
type Row = z.output<typeof row>;

/** A benchmark that is a JSON lines file: `id, image, question`, and one of `answers`, `options` and `choices`. */
export function jsonlBenchmark(name: string, metric: MetricName, file: string): Benchmark {
  const steps = jsonlSteps(name, metric, file);
  return {
    ...steps,
    load: async function* (folder: string, { shuffleSeed }: Asking): AsyncGenerator<Loaded> {
      const [lines = ''] = await locate(steps, folder);
      for await (const { line, value } of readJsonLines(join(folder, lines))) {
        const id = `${name}/${idOf(value, 'id') ?? `#${line}`}`;
        yield loadedOf(id, name, () =>
          itemOf({ id, benchmark: name }, metric, parseItem(row, value, id), shuffleSeed),
        );
      }
    },
  };
}

function itemOf(
  own: Pick<Item, 'id' | 'benchmark'>,
  metric: MetricName,
  { image, question, category, answers, options, choices }: Row,
  shuffleSeed: number | null,
): Item {
  const { id } = own;
  const base = { ...own, category: category ?? null, question, picture: pictureIn('.', image) };
  const given = [answers, options, choices].filter((one) => one !== undefined).length;
  const texts = choices ?? options;
  if (given !== 1 || (texts === undefined) === (metric === 'choice')) {
    const expected = metric === 'choice' ? '`options` or `choices`' : '`answers`';
    const what = `expected ${expected} alone, as the metric "${metric}" has it`;
    throw new EvalError('ITEM_INVALID', what, { item: id, hint: 'mend the line, or choose another metric' });
  }
  if (texts === undefined) {
    const targets = targetsOf(answers ?? [], id);
    checkTargets(metric, targets, id);
    return { ...base, options: [], targets };
  }
  const targets = [rightOption(texts, id)];
  return choices === undefined
    ? { ...base, options: texts, targets }
    : { ...base, options: letterOptions(texts, shuffleSeed, id), lettered: true, targets };
}
