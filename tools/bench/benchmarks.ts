import type { BenchResult } from './result.js';

/** A benchmark: what runs it, and with which arguments. */
export interface Benchmark {
  load: () => Promise<{ bench(args: readonly string[]): Promise<readonly BenchResult[]> }>;
  /** Its part of the table; absent where it runs by its name only. */
  whole?: readonly string[];
  /** The same in little, to try the command and to compare revisions; absent: as `whole`. */
  quick?: readonly string[];
}

/** All benchmarks by the name that `npm run bench -- NAME` takes. */
export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'data-prep': {
    load: () => import('./data-prep.js'),
    whole: ['--samples', '133000'],
    quick: ['--samples', '10000', '--runs', '3'],
  },
  'model-prep': {
    load: () => import('./model-prep.js'),
    whole: ['--rounds', '5'],
    quick: ['--rounds', '1', '--only', 'init'],
  },
  train: { load: () => import('./train.js'), whole: [], quick: ['--repeat', '1'] },
  preprocess: { load: () => import('./preprocess.js'), whole: [], quick: ['--repeat', '5'] },
  runtime: {
    load: () => import('./runtime.js'),
    whole: ['--repeat', '5'],
    quick: ['--repeat', '1'],
  },
  eval: { load: () => import('./eval.js'), whole: [], quick: ['--quick'] },
  report: { load: () => import('./report.js'), whole: [], quick: ['--items', '500'] },
  cache: { load: () => import('./cache.js') },
  'seven-billion': { load: () => import('./seven-billion-answers.js') },
};
