import type { EvalResults, TaskScore } from '@flexattn/eval';
import { taskScore } from './task-score.fixture.js';

/** The results of an evaluation with these scores, 0 to 1, by model and task; each of 100 items, ± 10 points. */
export function resultsOf(scores: Record<string, Record<string, number>>): EvalResults {
  const benchmarks = new Set(Object.values(scores).flatMap((tasks) => Object.keys(tasks)));
  const versions = [...benchmarks].filter((name) => !name.includes('_')).map((name) => [name, '1']);
  return {
    models: Object.keys(scores),
    results: Object.fromEntries(
      Object.entries(scores).map(([model, tasks]) => [
        model,
        Object.fromEntries(Object.entries(tasks).map(([task, score]) => [task, scored(score)])),
      ]),
    ),
    comparisons: [],
    'n-samples': {},
    versions: Object.fromEntries(versions) as Record<string, string>,
    config: { seed: 1, judge: 'none', eval: '0.1.0', benchmarks: {} },
    hashes: { items: '', benchmarks: {}, answers: {}, weights: {} },
    errors: {},
    rejects: {},
    warnings: [],
  };
}

function scored(score: number): TaskScore {
  const interval95: [number, number] = [score - 0.1, score + 0.1];
  const figures = { accuracy: score, accuracy_stderr: 0.05, accuracy_interval95: interval95 };
  return { ...taskScore({ interval95 }), ...figures };
}
