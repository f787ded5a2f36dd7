import type { Verdict } from './metric.js';
import type { Comparison } from './compare.js';
import type { Interval } from './intervals.js';
import type { TaskScore } from './summary.js';

/** What the FlexAttention paper (arXiv 2407.20228) reports for a task, in percent. */
export interface PublishedFigures {
  task: string;
  /** Ours of the same rules and protocol. */
  metric: string;
  /** LLaVA-1.5-7B, 336 px. */
  llava: number;
  /** LLaVA-HD, 448 px. */
  llavaHd: number;
  /** LLaVA-XAttn, 1008 px: every high-resolution token is attended to. */
  crossAttention: number;
  /** LLaVA-FlexAttn, 1008 px. */
  flexAttention: number;
}

/** How a benchmark was asked and scored. */
export interface BenchmarkConfig {
  protocol: string;
  /** Decided the order of lettered options; null: as in the file. */
  shuffleSeed: number | null;
  metrics: { name: string; kind: 'binary' | 'graded' }[];
}

/** SHA-256 of what a benchmark's scores rest on. */
export interface BenchmarkHashes {
  /** Ids, questions, options and targets. */
  questions: string;
  /** What the models were asked, in words. */
  prompts: string;
  /** Bytes of the pictures. */
  pictures: string;
}

/** What the documents of one model and of several have in common. */
interface Provenance {
  /** Version of each benchmark's rules. */
  versions: Record<string, string>;
  config: {
    /** Of the bootstrap. */
    seed: number;
    /** Who judged free answers; `none`: nobody. */
    judge: string;
    /** Version of this package. */
    eval: string;
    benchmarks: Record<string, BenchmarkConfig>;
  };
  /** rejects[benchmark][code]: items that could not be asked. */
  rejects: Record<string, Record<string, number>>;
  /** What differs from the published benchmark. */
  warnings: string[];
}

/** Content of summary.json: several models, asked the same. */
export interface EvalResults extends Provenance {
  /** In the order in which they were given. */
  models: string[];
  /** results[model][task]. */
  results: Record<string, Record<string, TaskScore>>;
  /** Every pair of models on the same items. */
  comparisons: Comparison[];
  /** By benchmark: items of the published one, in this folder, and scored for each model. */
  'n-samples': Record<
    string,
    { published: number | null; original: number; rejected: number; effective: Record<string, number> }
  >;
  /** Of items.jsonl, the benchmarks, each model's answers and, where they are known, its weights. */
  hashes: {
    items: string;
    benchmarks: Record<string, BenchmarkHashes>;
    answers: Record<string, string>;
    weights: Record<string, string>;
  };
  /** errors[model][benchmark][code]: items that the model failed on. */
  errors: Record<string, Record<string, Record<string, number>>>;
}

/** Content of a model's results.json, in the shape of lm-evaluation-harness: `results.<task>.<metric>`. */
export interface ModelResults extends Provenance {
  model: string;
  results: Record<string, TaskScore>;
  'n-samples': Record<
    string,
    { published: number | null; original: number; rejected: number; effective: number }
  >;
  hashes: {
    items: string;
    benchmarks: Record<string, BenchmarkHashes>;
    answers: string;
    /** Null where the caller did not tell. */
    weights: string | null;
  };
  /** errors[benchmark][code]. */
  errors: Record<string, Record<string, number>>;
  /** The paper's figures, by task, where protocol and data are the same. */
  published: Record<string, PublishedFigures>;
}

/** One line of a model's answers.jsonl: an item with what the model made of it. */
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
  /** Whether the text ended at the limit of new tokens. */
  cut: boolean;
  losses: readonly number[] | null;
  /** What was read from the answer; null: nothing. */
  extracted: string | null;
  /** The same by the rule that does not flatter; null: nothing, or the benchmark has no such rule. */
  strict: string | null;
  /** A judge's word on the text; null: not asked, or it said neither. */
  verdict: Verdict | null;
  targets: readonly string[];
  /** Main metric, 0 to 1; null where there was an error. */
  score: number | null;
  /** All metrics by name; null where there was an error. */
  scores: Record<string, number> | null;
  error: { code: string; message: string } | null;
  /** Milliseconds that the model took; null where its answers do not tell. */
  timing: { ms: number } | null;
  /** The picture, as in items.jsonl. */
  image: string;
  imageSha256: string;
  /** Whether the model saw it stretched to a square, not padded. */
  stretch: boolean;
  /** Where the selected regions are: the line (from 1) of this model's own answers; null where it has none. */
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
  /** Items that no judge gave a verdict on. */
  unjudged: number;
  /** 0 to 1; null where nothing was scored. */
  score: number | null;
  stderr: number | null;
  interval95: Interval | null;
  unparseable: number | null;
  empty: number | null;
  cut: number | null;
}

/** `results` as rows: by task, then metric, then model in the order given. */
export function scoreRows({ models, results }: Pick<EvalResults, 'models' | 'results'>): ScoreRow[] {
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
  const { n, errors, unjudged, unparseable, empty, cut } = score;
  const interval = score[`${metric}_interval95`];
  return {
    task,
    metric,
    isMain: score.metric === metric,
    model,
    n,
    errors,
    unjudged,
    score: numberOrNull(score[metric]),
    stderr: numberOrNull(score[`${metric}_stderr`]),
    interval95: Array.isArray(interval) ? interval : null,
    unparseable,
    empty,
    cut,
  };
}

function numberOrNull(value: TaskScore[string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
