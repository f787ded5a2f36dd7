import { z } from 'zod';
import type { EvalResults } from './results.js';

const counts = z.record(z.string(), z.number());
const interval = z.tuple([z.number(), z.number()]);

const taskScore = z
  .object({
    protocol: z.string(),
    metric: z.string(),
    n: z.number(),
    errors: z.number(),
    unparseable: z.number().nullable(),
    empty: z.number().nullable(),
    cut: z.number().nullable(),
    interval95: interval.nullable(),
  })
  .catchall(z.union([z.string(), z.number(), interval, z.null()]));

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

/** Shape of results.json, for whoever reads one back. */
export const evalResultsSchema: z.ZodType<EvalResults> = z.object({
  models: z.array(z.string()),
  results: z.record(z.string(), z.record(z.string(), taskScore)),
  comparisons: z.array(comparison),
  'n-samples': z.record(
    z.string(),
    z.object({ published: z.number(), original: z.number(), rejected: z.number(), effective: counts }),
  ),
  versions: z.record(z.string(), z.string()),
  config: z.object({
    seed: z.number(),
    benchmarks: z.record(z.string(), z.object({ protocol: z.string(), metrics: z.array(z.string()) })),
  }),
  hashes: z.object({
    items: z.string(),
    benchmarks: z.record(z.string(), z.string()),
    answers: z.record(z.string(), z.string()),
  }),
  errors: z.record(z.string(), z.record(z.string(), counts)),
  rejects: z.record(z.string(), counts),
  warnings: z.array(z.string()),
});
