import type { PictureRoots } from './answer-groups.js';
import type { LocalModelOptions } from './local-model.js';
import { sendError } from './wire.js';
import type { SentError } from './wire.js';
import type { Answer } from '../items.js';
import type { PictureGroup } from '../work-queue.js';

/** Messages to a worker process: what it is for, then groups, at last that there are no more. */
export type ToInferWorker =
  | { start: { model: string; options: LocalModelOptions; roots: PictureRoots } }
  | { group: PictureGroup | null };

/** Messages from a worker process. */
export type FromInferWorker =
  { want: true } | { idle: true } | { index: number; answer: Answer; ms: number } | { error: SentError };

/** The worker process: one model, groups in, answers out. It ends with its parent. */
process.on('disconnect', () => process.exit(0));
// The parent stops us: a Ctrl-C in the terminal reaches the whole group.
process.on('SIGINT', () => undefined);
// Only now: loading all of this takes its time, in which the parent may end.
const { answerGroups } = await import('./answer-groups.js');
const { openLocalModel } = await import('./local-model.js');

const give: ((group: PictureGroup | undefined) => void)[] = [];
process.on('message', (message: ToInferWorker) => {
  if ('group' in message) give.shift()?.(message.group ?? undefined);
  else void work(message.start);
});

async function work({
  model,
  options,
  roots,
}: Extract<ToInferWorker, { start: unknown }>['start']): Promise<void> {
  try {
    const local = await openLocalModel(model, options);
    const exchange = {
      next: () =>
        new Promise<PictureGroup | undefined>((resolve) => {
          give.push(resolve);
          send({ want: true });
        }),
      idle: () => send({ idle: true }),
      answered: (index: number, answer: Answer, ms: number) => send({ index, answer, ms }),
    };
    await answerGroups(local, roots, exchange, undefined);
    await local.close();
    process.disconnect();
  } catch (error) {
    send({ error: sendError(error) });
  }
}

function send(message: FromInferWorker): void {
  process.send?.(message);
}
