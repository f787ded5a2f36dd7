import type { EvaluatedModel } from './compare-runs.js';
import type { AnswerLine, ModelResults } from './results.js';
import type { TaskScore } from './summary.js';

/** A line of answers.jsonl of a benchmark `b` with a binary metric; score null: an error. Every item has its own picture. */
export function line(i: number, score: number | null, more: Partial<AnswerLine> = {}): AnswerLine {
  return {
    id: `b/${i}`,
    model: 'm',
    benchmark: 'b',
    category: i % 2 === 0 ? 'even' : 'odd',
    prompt: 'p',
    options: [],
    answer: 'x',
    cut: false,
    losses: null,
    extracted: score === 1 ? 'right' : 'wrong',
    strict: null,
    verdict: null,
    targets: ['right'],
    score,
    scores: score === null ? null : { accuracy: score },
    error: score === null ? { code: 'BAD_IMAGE', message: 'm' } : null,
    timing: null,
    image: `${i}.png`,
    imageSha256: String(i),
    stretch: false,
    regions: null,
    ...more,
  };
}

/** The score of a task without errors. */
export const taskScore = (metric: string, n: number, score: number | null): TaskScore => ({
  protocol: 'plain',
  metric,
  n,
  errors: 0,
  unjudged: 0,
  unparseable: 0,
  empty: 0,
  cut: 0,
  interval95: null,
  choices: null,
  positionBias: null,
  [metric]: score,
});

const task = (accuracy: number | null): TaskScore => ({
  ...taskScore('accuracy', 10, accuracy),
  accuracy_stderr: 0.1,
  accuracy_interval95: null,
});

/** An evaluation of the benchmark `b` with these lines. */
export function evaluated(
  label: string,
  answers: readonly AnswerLine[],
  more: Partial<ModelResults> = {},
): EvaluatedModel {
  const scores = answers.flatMap(({ score }) => score ?? []);
  const mean = scores.length === 0 ? null : scores.reduce((sum, one) => sum + one, 0) / scores.length;
  return {
    label,
    answers,
    results: {
      model: label,
      results: { b: task(mean), b_even: task(mean), b_odd: task(mean) },
      'n-samples': {},
      versions: { b: '1' },
      config: {
        seed: 0,
        judge: 'none',
        eval: '0.1.0',
        benchmarks: {
          b: { protocol: 'plain', shuffleSeed: null, metrics: [{ name: 'accuracy', kind: 'binary' }] },
        },
      },
      hashes: {
        items: 'i',
        benchmarks: { b: { questions: 'q', prompts: 'p', pictures: 'x' } },
        answers: label,
        weights: label,
      },
      errors: {},
      rejects: {},
      warnings: [],
      published: {},
      ...more,
    },
  };
}
