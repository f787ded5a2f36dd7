import type { Comparison, EvalResults, Interval } from '@flexattn/eval';
import type { ModelPair } from './setup.js';
import { tasksOf, type Task } from './tasks.js';

/** The level below which a p-value, after correction, is called significant. */
const SIGNIFICANT = 0.05;

/** What one model scores more than another on the same items of a task. */
export interface TaskDifference {
  task: Task;
  n: number;
  /** Mean of `to`'s score - `from`'s, -1 to 1. */
  difference: number;
  interval95: Interval;
  /** Two-sided, as computed for this task alone. */
  p: number;
  test: Comparison['test'];
  /** Whether p holds after Holm's correction for all the tasks given with it. */
  significant: boolean;
  /** Items on which `to` scored higher, and lower. */
  higher: number;
  lower: number;
}

/** The pair's differences in the main metric of each task, in the order of the results. */
export function differencesOf(
  results: Pick<EvalResults, 'models' | 'results' | 'versions' | 'comparisons'>,
  { from, to }: ModelPair,
): TaskDifference[] {
  const found = tasksOf(results).flatMap((task) => {
    const metric = results.results[to]?.[task.name]?.metric;
    const one = results.comparisons.find(
      ({ task: name, metric: figure, a, b }) =>
        name === task.name && figure === metric && [a, b].includes(from) && [a, b].includes(to),
    );
    if (one === undefined) return [];
    return [{ task, ...directed(one, to) }];
  });
  const holds = holm(found.map(({ p }) => p));
  return found.map((one, i) => ({ ...one, significant: holds[i] ?? false }));
}

/** The comparison as the gain of `to`, whichever of the two it is. */
function directed(
  { n, p, test, b, difference, interval95, aHigher, bHigher }: Comparison,
  to: string,
): Omit<TaskDifference, 'task' | 'significant'> {
  if (b === to) return { n, p, test, difference, interval95, higher: bHigher, lower: aHigher };
  const [low, high] = interval95;
  return {
    n,
    p,
    test,
    difference: 0 - difference,
    interval95: [0 - high, 0 - low],
    higher: aHigher,
    lower: bHigher,
  };
}

/** One sentence on what the differences show, and no more. */
export function verdict({ from, to }: ModelPair, differences: readonly TaskDifference[]): string {
  if (differences.length === 0) {
    return `No question was answered by both ${to} and ${from}: nothing can be said about their difference.`;
  }
  const count = (holds: (one: TaskDifference) => boolean) => differences.filter(holds).length;
  const better = count(({ significant, difference }) => significant && difference > 0);
  const worse = count(({ significant, difference }) => significant && difference < 0);
  const open = count(({ significant }) => !significant);
  const scores = `${differences.length} ${differences.length === 1 ? 'score' : 'scores'}`;
  return `Asked the same questions, ${to} is significantly better than ${from} on ${better}, significantly worse on ${worse} and not significantly different on ${open} of ${scores} (paired tests, p < ${SIGNIFICANT} with Holm’s correction).`;
}

/** Which of several p-values hold at the level together (Holm 1979); right for tasks that share items, too. */
function holm(ps: readonly number[]): boolean[] {
  const sorted = [...ps].sort((a, b) => a - b);
  const failing = sorted.findIndex((p, i) => p >= SIGNIFICANT / (sorted.length - i));
  const limit = failing === -1 ? Infinity : (sorted[failing] ?? 0);
  return ps.map((p) => p < limit);
}
