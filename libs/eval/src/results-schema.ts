import { z } from 'zod';
import type { AnswerLine, EvalResults, ModelResults } from './results.js';

const counts = z.record(z.string(), z.number());
const interval = z.tuple([z.number(), z.number()]);
const letters = z.record(z.string(), z.object({ right: z.number(), chosen: z.number() }));

const taskScore = z
  .object({
    protocol: z.string(),
    metric: z.string(),
    n: z.number(),
    errors: z.number(),
    unjudged: z.number(),
    unparseable: z.number().nullable(),
    empty: z.number().nullable(),
    cut: z.number().nullable(),
    interval95: interval.nullable(),
    choices: letters.nullable(),
    positionBias: z.number().nullable(),
  })
  .catchall(z.union([z.string(), z.number(), interval, letters, z.null()]));

const comparison = z.object({
  task: z.string(),
  metric: z.string(),
  a: z.string(),
  b: z.string(),
  n: z.number(),
  difference: z.number(),
  interval95: interval,
  p: z.number(),
  test: z.enum(['mcnemar', 'paired-bootstrap']),
  aHigher: z.number(),
  bHigher: z.number(),
});

const provenance = {
  versions: z.record(z.string(), z.string()),
  config: z.object({
    seed: z.number(),
    judge: z.string(),
    eval: z.string(),
    benchmarks: z.record(
      z.string(),
      z.object({
        protocol: z.string(),
        shuffleSeed: z.number().nullable(),
        metrics: z.array(z.object({ name: z.string(), kind: z.enum(['binary', 'graded']) })),
      }),
    ),
  }),
  rejects: z.record(z.string(), counts),
  warnings: z.array(z.string()),
};

const samples = { published: z.number().nullable(), original: z.number(), rejected: z.number() };
const benchmarkHashes = z.record(
  z.string(),
  z.object({ questions: z.string(), prompts: z.string(), pictures: z.string() }),
);

/** Shape of summary.json, for whoever reads one back. */
export const evalResultsSchema: z.ZodType<EvalResults> = z.object({
  models: z.array(z.string()),
  results: z.record(z.string(), z.record(z.string(), taskScore)),
  comparisons: z.array(comparison),
  'n-samples': z.record(z.string(), z.object({ ...samples, effective: counts })),
  hashes: z.object({
    items: z.string(),
    benchmarks: benchmarkHashes,
    answers: z.record(z.string(), z.string()),
    weights: z.record(z.string(), z.string()),
  }),
  errors: z.record(z.string(), z.record(z.string(), counts)),
  ...provenance,
});

const published = z.object({
  task: z.string(),
  metric: z.string(),
  llava: z.number(),
  llavaHd: z.number(),
  crossAttention: z.number(),
  flexAttention: z.number(),
});

/** Shape of a model's results.json. */
export const modelResultsSchema: z.ZodType<ModelResults> = z.object({
  model: z.string(),
  results: z.record(z.string(), taskScore),
  'n-samples': z.record(z.string(), z.object({ ...samples, effective: z.number() })),
  hashes: z.object({
    items: z.string(),
    benchmarks: benchmarkHashes,
    answers: z.string(),
    weights: z.string().nullable(),
  }),
  errors: z.record(z.string(), counts),
  published: z.record(z.string(), published),
  ...provenance,
});

/** Shape of a line of answers.jsonl. */
export const answerLineSchema: z.ZodType<AnswerLine> = z.object({
  id: z.string(),
  model: z.string(),
  benchmark: z.string(),
  category: z.string().nullable(),
  prompt: z.string(),
  options: z.array(z.string()),
  answer: z.string().nullable(),
  cut: z.boolean(),
  losses: z.array(z.number()).nullable(),
  extracted: z.string().nullable(),
  strict: z.string().nullable(),
  verdict: z.enum(['yes', 'no']).nullable(),
  targets: z.array(z.string()),
  score: z.number().nullable(),
  scores: z.record(z.string(), z.number()).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  timing: z.object({ ms: z.number().nonnegative() }).nullable(),
  image: z.string(),
  imageSha256: z.string(),
  stretch: z.boolean(),
  regions: z.object({ line: z.number().int().positive() }).nullable(),
});
