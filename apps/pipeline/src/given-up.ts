import { PipelineError } from './errors.js';

/** Whether an answer says that the workers died of its item. */
export function isGivenUp(answer: { error?: { code?: unknown } | undefined }): boolean {
  return answer.error?.code === 'WORKER_DIED';
}

/**
 * A mistake of an item is its answer; an item that kills workers is a failure of the run.
 *
 * @throws PipelineError ITEMS_FAILED (exit 1)
 */
export function refuseGivenUp(count: number): void {
  if (count === 0) return;
  const what =
    count === 1
      ? '1 item was given up: workers died of it'
      : `${count} items were given up: workers died of them`;
  throw new PipelineError('ITEMS_FAILED', what, {
    hint: 'the other answers are kept: run it again, with fewer workers where memory was short',
    exitCode: 1,
  });
}
