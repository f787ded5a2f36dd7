import type { AnswerOrError } from './answer.js';
import type { BenchmarkSteps } from './benchmark.js';
import { EvalError } from './errors.js';
import type { InferItem, Item } from './item.js';
import type { AnswerLine } from './results.js';
import type { ScoredItem } from './scored-item.js';
import type { Statistics } from './summary.js';

/** Extracts and scores one answer; an error, the model's or one of these steps, is kept and gets no score. */
export function scoreItem(
  benchmark: BenchmarkSteps,
  item: Item,
  answer: AnswerOrError,
  protocol: string,
): ScoredItem {
  const none = { item, text: null, losses: null, cut: false, extraction: null, scores: null };
  if ('error' in answer) return { ...none, error: answer.error };
  const given = {
    ...none,
    text: 'text' in answer ? answer.text : null,
    losses: 'losses' in answer ? answer.losses : null,
    cut: 'text' in answer && answer.finish === 'length',
  };
  const read: Pick<ScoredItem, 'extraction'> = { extraction: null };
  try {
    read.extraction = benchmark.extract(item, answer, protocol);
    return { ...given, ...read, scores: benchmark.score(item, read.extraction, protocol), error: null };
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { ...given, ...read, error: { code: error.code, message: error.message } };
  }
}

/** A scored item as a line of answers.jsonl; `timing` and `regions` come from the model's own line. */
export function answerLine(
  model: string,
  { metrics }: Statistics,
  { item, text, cut, losses, extraction, scores, error }: ScoredItem,
  { prompt, image, imageSha256, ...asked }: InferItem,
  { timing, regions }: Pick<AnswerLine, 'timing' | 'regions'>,
): AnswerLine {
  return {
    id: item.id,
    model,
    benchmark: item.benchmark,
    category: item.category,
    prompt,
    options: item.options,
    answer: text,
    cut,
    losses,
    extracted: extraction?.value ?? null,
    strict: extraction?.strict ?? null,
    verdict: extraction?.verdict ?? null,
    targets: item.targets,
    score: scores?.[0] ?? null,
    scores: scores && Object.fromEntries(metrics.map(({ name }, m) => [name, scores[m] ?? NaN])),
    error,
    timing,
    image,
    imageSha256,
    stretch: 'stretch' in asked && asked.stretch === true,
    regions,
  };
}
