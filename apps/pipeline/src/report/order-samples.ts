import { createHash } from 'node:crypto';
import type { AnswerLine } from '@flexattn/eval';
import { isRight } from './right.js';
import { taskOf } from './tasks.js';

/** What the order looks at. */
export type Judged = Pick<AnswerLine, 'id' | 'benchmark' | 'category' | 'score'>;

/**
 * Ids of the items of one model in the order in which they get room in the page: the tasks in turn, in each a right and
 * a wrong answer in turn, shuffled. Depends on nothing but ids, scores and the seed.
 */
export function orderSamples(lines: Iterable<Judged>, seed: number): string[] {
  const queues = new Map<string, { right: string[]; wrong: string[] }>();
  for (const line of shuffled([...lines], seed)) {
    const task = taskOf(line);
    const queue = queues.get(task) ?? { right: [], wrong: [] };
    queues.set(task, queue);
    queue[isRight(line.score ?? 0) ? 'right' : 'wrong'].push(line.id);
  }
  const turns = [...queues.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, queue]) => inTurn(queue));
  const rounds = Math.max(0, ...turns.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => turns.flatMap((ids) => ids[round] ?? [])).flat();
}

/** One of each in turn, then what is left of the longer list. */
function inTurn({ right, wrong }: { right: string[]; wrong: string[] }): string[] {
  const rounds = Math.max(right.length, wrong.length);
  return Array.from({ length: rounds }, (_, i) => [right[i] ?? [], wrong[i] ?? []].flat()).flat();
}

/** Sorted by a hash of seed and id: the same order on any machine, whatever else is in the list. */
function shuffled(lines: readonly Judged[], seed: number): Judged[] {
  return lines
    .map((line) => ({ line, place: createHash('sha256').update(`${seed}/${line.id}`).digest('hex') }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ line }) => line);
}
