import { publishedFigures } from './published-figures.js';
import type { EvalResults, ModelResults } from './results.js';

/** One model's part of the results of several, in the shape of lm-evaluation-harness. */
export function modelResults(all: EvalResults, model: string): ModelResults {
  const { versions, config, rejects, warnings, hashes } = all;
  const results = all.results[model] ?? {};
  return {
    model,
    results,
    'n-samples': Object.fromEntries(
      Object.entries(all['n-samples']).map(([benchmark, { effective, ...counts }]) => [
        benchmark,
        { ...counts, effective: effective[model] ?? 0 },
      ]),
    ),
    versions,
    config,
    hashes: {
      items: hashes.items,
      benchmarks: hashes.benchmarks,
      answers: hashes.answers[model] ?? '',
      weights: hashes.weights[model] ?? null,
    },
    errors: all.errors[model] ?? {},
    rejects,
    warnings,
    published: Object.fromEntries(
      publishedFigures({ ...all, models: [model] }).map((figures) => [figures.task, figures]),
    ),
  };
}
