import type { AnswerOrError } from './answer.js';
import type { BenchmarkSteps } from './benchmark.js';
import { EvalError } from './errors.js';
import type { InferItem, Item } from './item.js';
import type { AnswerLine } from './results.js';
import type { ScoredItem, Statistics } from './summary.js';

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
  try {
    const extraction = benchmark.extract(item, answer, protocol);
    return { ...given, extraction, scores: benchmark.score(item, extraction, protocol), error: null };
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { ...given, error: { code: error.code, message: error.message } };
  }
}

/** A scored item as a line of answers.jsonl. `regionsLine`: where the model's file has the regions of this item. */
export function answerLine(
  model: string,
  { metrics }: Statistics,
  { item, text, losses, extraction, scores, error }: ScoredItem,
  { prompt, image }: InferItem,
  regionsLine: number | null,
): AnswerLine {
  return {
    id: item.id,
    model,
    benchmark: item.benchmark,
    category: item.category,
    prompt,
    options: item.options,
    answer: text,
    losses,
    extracted: extraction?.value ?? null,
    targets: item.targets,
    score: scores?.[0] ?? null,
    scores: scores && Object.fromEntries(metrics.map(({ name }, m) => [name, scores[m] ?? NaN])),
    error,
    image,
    regions: regionsLine === null ? null : { line: regionsLine },
  };
}
