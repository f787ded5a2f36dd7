import { join } from 'node:path';
import { pathExists, StageError } from '@flexattn/stage';
import { BENCHMARK_ENTRY, runBenchmark } from './benchmark-process.js';
import { median } from './medians.js';
import type { BenchResult, BenchUnit } from './result.js';
import { alignedTable, figure, quantity } from './result-table.js';
import { withRevision, type RevisionCheckout } from './revision-checkout.js';
import { pairedSlowdown, type Slowdown } from './slowdown.js';

/** Some work in both revisions. */
export interface ComparedWork extends Slowdown {
  work: string;
  unit: BenchUnit;
  /** Medians of the runs. */
  before: number;
  after: number;
  /** Runs of each revision. */
  n: number;
}

/** What is compared, and how. */
export interface RevisionComparison extends RevisionCheckout {
  benchmarks: readonly { name: string; args: readonly string[] }[];
  /** Runs of each revision, in turns. */
  rounds: number;
  /** Builds a checkout. */
  build: (checkout: string, signal: AbortSignal) => Promise<void>;
  /** Told what is going on. */
  tell: (what: string) => void;
}

/**
 * Runs benchmarks of another revision and of this tree in turns (A B A B ...), and compares what both measure.
 *
 * @throws as `withRevision`; BenchmarkFailure, also of a revision whose benchmarks tell no results
 */
export function compareRevisions(options: RevisionComparison): Promise<ComparedWork[]> {
  const { root, ref, benchmarks, rounds, build, tell, signal } = options;
  return withRevision({ root, ref, signal }, async (checkout) => {
    tell(`building ${ref}`);
    await build(checkout, signal);
    if (!(await pathExists(join(checkout, BENCHMARK_ENTRY))))
      throw new StageError('FILE_MISSING', `the benchmarks of ${ref} tell no results`, {
        file: BENCHMARK_ENTRY,
        hint: 'compare with a later revision',
      });
    const compared: ComparedWork[] = [];
    for (const { name, args } of benchmarks) {
      const before: BenchResult[] = [];
      const after: BenchResult[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        tell(`${name}, round ${round} of ${rounds}`);
        const run = { name, args, quiet: true, silent: true, signal };
        before.push(...(await runBenchmark({ ...run, root: checkout })));
        after.push(...(await runBenchmark({ ...run, root })));
      }
      compared.push(...comparedWorks(before, after));
    }
    return compared;
  });
}

/** The works that both revisions measured as often, in the order of the second. */
function comparedWorks(before: readonly BenchResult[], after: readonly BenchResult[]): ComparedWork[] {
  // The same work may stand against two baselines; ours is the same in both.
  const figures = (results: readonly BenchResult[], { work, against }: BenchResult) =>
    results.filter((one) => one.work === work && one.against === against).map(({ ours }) => ours);
  const first = [...new Map(after.toReversed().map((result) => [result.work, result])).values()].toReversed();
  return first.flatMap((result) => {
    const [old, own] = [figures(before, result), figures(after, result)];
    if (old.length !== own.length) return [];
    const { work, unit } = result;
    return {
      work,
      unit,
      before: median(old),
      after: median(own),
      n: own.length,
      ...pairedSlowdown(old, own),
    };
  });
}

/** The comparison for a terminal. */
export function comparisonText(ref: string, works: readonly ComparedWork[]): string {
  const rows = works.map(({ work, unit, before, after, ratio, low, high, n, isSignificant }) => [
    work,
    quantity(before, unit),
    quantity(after, unit),
    `${figure(ratio)} (${figure(low)} to ${figure(high)})`,
    String(n),
    isSignificant ? 'SLOWER' : '',
  ]);
  return alignedTable(['work', ref, 'this tree', 'ratio (95 % interval)', 'n', ''], rows);
}
