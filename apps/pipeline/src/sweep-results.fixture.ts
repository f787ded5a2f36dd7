import type { EvalResults, TaskScore } from '@flexattn/eval';

/** The results of an evaluation with these scores, 0 to 1, by model and task; each of 100 items, ± 10 points. */
export function resultsOf(scores: Record<string, Record<string, number>>): EvalResults {
  const benchmarks = new Set(Object.values(scores).flatMap((tasks) => Object.keys(tasks)));
  const versions = [...benchmarks].filter((name) => !name.includes('_')).map((name) => [name, '1']);
  return {
    models: Object.keys(scores),
    results: Object.fromEntries(
      Object.entries(scores).map(([model, tasks]) => [
        model,
        Object.fromEntries(Object.entries(tasks).map(([task, score]) => [task, taskScore(score)])),
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

function taskScore(score: number): TaskScore {
  const interval95: [number, number] = [score - 0.1, score + 0.1];
  return {
    protocol: 'plain',
    metric: 'accuracy',
    n: 100,
    errors: 0,
    unjudged: 0,
    unparseable: 0,
    empty: 0,
    cut: 0,
    interval95,
    choices: null,
    positionBias: null,
    accuracy: score,
    accuracy_stderr: 0.05,
    accuracy_interval95: interval95,
  };
}
