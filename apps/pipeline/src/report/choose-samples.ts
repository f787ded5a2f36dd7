import { createHash } from 'node:crypto';
import type { AnswerLine } from '@flexattn/eval';
import { taskOf } from './tasks.js';

/** Above this score an answer counts as right: soft accuracies lie between 0 and 1. */
const RIGHT = 0.5;

/** Whether an answer counts as right. */
export function isRight(score: number): boolean {
  return score > RIGHT;
}

export interface SampleChoice {
  count: number;
  seed: number;
  /** All models; an item that one of them failed on is not shown. */
  models: readonly string[];
  /** Whose answers shall be right and wrong equally often, as far as there are any. */
  judged: string;
}

/** What the choice looks at. */
export type Candidate = Pick<AnswerLine, 'id' | 'model' | 'benchmark' | 'category' | 'score'>;

/**
 * Ids of items to show, spread over the tasks, right and wrong answers in turn; by task in the order of the lines.
 * Depends on nothing but the ids, their scores and the seed.
 */
export function chooseSamples(
  lines: Iterable<Candidate>,
  { count, seed, models, judged }: SampleChoice,
): string[] {
  const queues = queuesOf(answeredByAll(lines, models), judged, seed);
  const chosen = queues.map((): string[] => []);
  let left = count;
  for (
    let round = 0;
    left > 0 && queues.some(({ right, wrong }) => right.length + wrong.length > 0);
    round += 1
  ) {
    for (const [i, { right, wrong }] of queues.entries()) {
      const first = (round + i) % 2 === 0 ? right : wrong;
      const id = left > 0 ? (first.shift() ?? (first === right ? wrong : right).shift()) : undefined;
      if (id === undefined) continue;
      chosen[i]?.push(id);
      left -= 1;
    }
  }
  return chosen.flat();
}

/** The lines of items that every model has a score for. */
function answeredByAll(lines: Iterable<Candidate>, models: readonly string[]): Candidate[] {
  const scored = [...lines].filter(({ score }) => score !== null);
  const answers = new Map<string, Set<string>>();
  for (const { id, model } of scored) answers.set(id, (answers.get(id) ?? new Set()).add(model));
  return scored.filter(({ id }) => models.every((model) => answers.get(id)?.has(model)));
}

/** Ids of each task, those that the judged model got right and wrong, shuffled. */
function queuesOf(
  lines: readonly Candidate[],
  judged: string,
  seed: number,
): { right: string[]; wrong: string[] }[] {
  const own = lines.filter(({ model }) => model === judged);
  const tasks = new Map(own.map((line) => [taskOf(line), { right: [] as string[], wrong: [] as string[] }]));
  for (const line of shuffled(own, seed)) {
    tasks.get(taskOf(line))?.[isRight(line.score ?? 0) ? 'right' : 'wrong'].push(line.id);
  }
  return [...tasks.values()];
}

/** Sorted by a hash of seed and id: the same order on any machine, whatever else is in the list. */
function shuffled(lines: readonly Candidate[], seed: number): Candidate[] {
  return lines
    .map((line) => ({ line, place: createHash('sha256').update(`${seed}/${line.id}`).digest('hex') }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ line }) => line);
}
