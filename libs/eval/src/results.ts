import type { Comparison } from './compare.js';
import type { Interval } from './intervals.js';
import type { TaskScore } from './summary.js';

/** Content of results.json: the keys that lm-evaluation-harness has, with the model as one more level of `results`. */
export interface EvalResults {
  /** In the order in which they were given. */
  models: string[];
  /** results[model][task][metric]. */
  results: Record<string, Record<string, TaskScore>>;
  /** Every pair of models on the same items. */
  comparisons: Comparison[];
  /** By benchmark: items of the published one, in this folder, and scored for each model. */
  'n-samples': Record<
    string,
    { published: number; original: number; rejected: number; effective: Record<string, number> }
  >;
  /** Version of each benchmark's rules. */
  versions: Record<string, string>;
  config: {
    seed: number;
    benchmarks: Record<string, { protocol: string; metrics: string[] }>;
  };
  /** SHA-256 of what was read: items.jsonl (pictures and prompts included), each benchmark's questions and targets, each model's answers. */
  hashes: { items: string; benchmarks: Record<string, string>; answers: Record<string, string> };
  /** errors[model][benchmark][code]: items that the model failed on. */
  errors: Record<string, Record<string, Record<string, number>>>;
  /** rejects[benchmark][code]: items that could not be asked. */
  rejects: Record<string, Record<string, number>>;
  /** What differs from the published benchmark. */
  warnings: string[];
}

/** One line of answers.jsonl: an item with what a model made of it. */
export interface AnswerLine {
  id: string;
  model: string;
  benchmark: string;
  category: string | null;
  prompt: string;
  /** Texts to choose from; empty where the model answers freely. */
  options: readonly string[];
  /** The model's text as it came; null where it gave losses or failed. */
  answer: string | null;
  losses: readonly number[] | null;
  /** What was read from the answer; null: nothing. */
  extracted: string | null;
  targets: readonly string[];
  /** Main metric, 0 to 1; null where there was an error. */
  score: number | null;
  /** All metrics by name; null where there was an error. */
  scores: Record<string, number> | null;
  error: { code: string; message: string } | null;
  /** The picture, as in items.jsonl. */
  image: string;
  /** Where the selected regions are: the line (from 1) of this model's own answers file; null where it has none. */
  regions: { line: number } | null;
}

/** A figure of one model, as a table shows it. */
export interface ScoreRow {
  task: string;
  metric: string;
  /** Whether it is the task's main metric. */
  isMain: boolean;
  model: string;
  n: number;
  errors: number;
  /** 0 to 1; null where nothing was scored. */
  score: number | null;
  stderr: number | null;
  interval95: Interval | null;
  unparseable: number | null;
  empty: number | null;
}

/** `results` as rows: by task, then metric, then model in the order given. */
export function scoreRows({ models, results }: EvalResults): ScoreRow[] {
  const tasks = new Set(models.flatMap((model) => Object.keys(results[model] ?? {})));
  return [...tasks].flatMap((task) => {
    const scores = models.flatMap((model) => {
      const score = results[model]?.[task];
      return score === undefined ? [] : [{ model, score }];
    });
    const metrics = new Set(scores.flatMap(({ score }) => metricsOf(score)));
    return [...metrics].flatMap((metric) =>
      scores.map(({ model, score }) => rowOf(task, metric, model, score)),
    );
  });
}

function metricsOf(score: TaskScore): string[] {
  return Object.keys(score)
    .filter((key) => key.endsWith('_stderr'))
    .map((key) => key.slice(0, -'_stderr'.length));
}

function rowOf(task: string, metric: string, model: string, score: TaskScore): ScoreRow {
  const { n, errors, unparseable, empty } = score;
  const interval = score[`${metric}_interval95`];
  return {
    task,
    metric,
    isMain: score.metric === metric,
    model,
    n,
    errors,
    score: numberOrNull(score[metric]),
    stderr: numberOrNull(score[`${metric}_stderr`]),
    interval95: Array.isArray(interval) ? interval : null,
    unparseable,
    empty,
  };
}

function numberOrNull(value: TaskScore[string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
