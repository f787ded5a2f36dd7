import type { AnswerLine, EvalResults } from '@flexattn/eval';

/** Names of benchmarks as their authors write them. */
const TITLES: Record<string, string> = { textvqa: 'TextVQA', vstar: 'V*', magnifier: 'MagnifierBench' };

/** A benchmark, or a part of one that has a score of its own. */
export interface Task {
  /** As in the results: `vstar`, `vstar_direct_attributes`. */
  name: string;
  benchmark: string;
  /** Null for the whole benchmark. */
  part: string | null;
}

/** The tasks of the results in their order. */
export function tasksOf({
  models,
  results,
  versions,
}: Pick<EvalResults, 'models' | 'results' | 'versions'>): Task[] {
  const names = new Set(models.flatMap((model) => Object.keys(results[model] ?? {})));
  const benchmarks = Object.keys(versions).sort((a, b) => b.length - a.length);
  return [...names].map((name) => {
    const benchmark = benchmarks.find((one) => name.startsWith(`${one}_`));
    if (benchmark === undefined || benchmarks.includes(name)) return { name, benchmark: name, part: null };
    return { name, benchmark, part: name.slice(benchmark.length + 1) };
  });
}

/** The smallest task that an answer counts for, named as in the results. */
export function taskOf({ benchmark, category }: Pick<AnswerLine, 'benchmark' | 'category'>): string {
  return category === null ? benchmark : `${benchmark}_${category}`;
}

/** A task for people: "V*: direct attributes". */
export function taskTitle({ benchmark, part }: Pick<Task, 'benchmark' | 'part'>): string {
  const title = TITLES[benchmark] ?? benchmark;
  return part === null ? title : `${title}: ${part.replaceAll('_', ' ')}`;
}
