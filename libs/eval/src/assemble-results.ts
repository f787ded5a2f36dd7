import type { BenchmarkSteps } from './benchmark.js';
import { countCodes } from './collect.js';
import { compareModels, type ScoredModel } from './compare.js';
import type { Reject } from './item.js';
import type { BenchmarkHashes, EvalResults } from './results.js';
import type { Statistics } from './summary.js';

/** A benchmark with the scored answers of every model. */
export interface ScoredBenchmark {
  benchmark: BenchmarkSteps;
  statistics: Statistics;
  shuffleSeed: number | null;
  /** Number of items that were asked. */
  asked: number;
  rejects: readonly Reject[];
  warnings: readonly string[];
  hashes: BenchmarkHashes;
  models: readonly ScoredModel[];
}

/** What the results say of the run besides the scores. */
export interface RunFacts {
  seed: number;
  judge: string;
  /** Version of this package. */
  version: string;
  hashes: Omit<EvalResults['hashes'], 'benchmarks'>;
}

/** Scores, comparisons and counts of all benchmarks as the content of summary.json. */
export function assembleResults(
  scored: readonly ScoredBenchmark[],
  models: readonly string[],
  { seed, judge, version, hashes }: RunFacts,
): EvalResults {
  const byName = <T>(value: (one: ScoredBenchmark) => T) =>
    Object.fromEntries(scored.map((one) => [one.benchmark.name, value(one)]));
  const byModel = <T>(value: (model: string) => T) =>
    Object.fromEntries(models.map((model) => [model, value(model)]));
  return {
    models: [...models],
    results: byModel((model) =>
      Object.fromEntries(
        scored.flatMap((one) => Object.entries(one.benchmark.aggregate(itemsOf(one, model), one.statistics))),
      ),
    ),
    comparisons: scored.flatMap((one) => compareModels(one.models, one.statistics)),
    'n-samples': byName((one) => ({
      published: one.benchmark.published.items ?? null,
      original: one.asked + one.rejects.length,
      rejected: one.rejects.length,
      effective: byModel((model) => itemsOf(one, model).filter(({ scores }) => scores !== null).length),
    })),
    versions: byName(({ benchmark }) => benchmark.version),
    config: {
      seed,
      judge,
      eval: version,
      benchmarks: byName(({ shuffleSeed, statistics: { protocol, metrics } }) => ({
        protocol,
        shuffleSeed,
        metrics: metrics.map(({ name, kind }) => ({ name, kind })),
      })),
    },
    hashes: { ...hashes, benchmarks: byName((one) => one.hashes) },
    errors: byModel((model) =>
      byName((one) => countCodes(itemsOf(one, model).flatMap(({ error }) => error ?? []))),
    ),
    rejects: byName(({ rejects }) => countCodes(rejects)),
    warnings: scored.flatMap(({ warnings }) => warnings),
  };
}

function itemsOf({ models }: ScoredBenchmark, model: string): ScoredModel['scored'] {
  return models.find((one) => one.model === model)?.scored ?? [];
}
