import type { AnswerLine } from '@flexattn/eval';
import { taskOf } from './tasks.js';

/** What the chance of an answer needs to be known. */
export type Asked = Pick<AnswerLine, 'id' | 'benchmark' | 'category' | 'prompt' | 'options' | 'targets'>;

/**
 * The score that guessing gets, 0 to 1, by task (benchmarks and their parts): the mean of 1 / options over its items.
 * A task with an item that is answered freely has none. Lines of several models for one item count once.
 */
export function chanceLevels(lines: Iterable<Asked>): Map<string, number> {
  const seen = new Set<string>();
  const tasks = new Map<string, { sum: number; items: number }>();
  for (const line of lines) {
    if (seen.has(line.id)) continue;
    seen.add(line.id);
    for (const task of new Set([line.benchmark, taskOf(line)])) {
      const { sum, items } = tasks.get(task) ?? { sum: 0, items: 0 };
      tasks.set(task, { sum: sum + 1 / optionsOf(line), items: items + 1 });
    }
  }
  const levels = [...tasks].map(([task, { sum, items }]): [string, number] => [task, sum / items]);
  return new Map(levels.filter(([, level]) => !Number.isNaN(level)));
}

/** How many answers there are to choose from: options, or letters in the prompt; NaN where the answer is free. */
function optionsOf({ prompt, options, targets }: Asked): number {
  if (options.length > 0) return options.length;
  const letters = [...prompt.matchAll(/^([A-Z])\. /gm)].map(([, letter]) => letter);
  const isLettered = letters.length > 1 && targets.length === 1 && letters.includes(targets[0]);
  return isLettered ? letters.length : NaN;
}
