import { PipelineError } from './errors.js';

/** An answer, of which only a failure is looked at. */
interface Answered {
  error?: { code: string; message: string } | undefined;
}

/** What says nothing of the item: its picture was there, and as it is to be, when the items were written. */
const OF_THE_PLACE: ReadonlySet<string> = new Set([
  'FILE_MISSING',
  'FILE_UNREADABLE',
  'NOT_A_FILE',
  'IMAGE_CHANGED',
]);

/**
 * Counts answers that are none. A mistake of an item is its answer; an item that kills workers, or whose picture is no
 * longer to be had, is a failure of the run.
 */
export class GivenUp {
  #died = 0;
  #lost: string | undefined;

  /** Looks at an answer. */
  see({ error }: Answered): void {
    if (error?.code === 'WORKER_DIED') this.#died += 1;
    else if (error !== undefined && OF_THE_PLACE.has(error.code)) this.#lost ??= error.message;
  }

  /** @throws PipelineError INPUT_CHANGED (exit 2), ITEMS_FAILED (exit 1) */
  refuse(): void {
    refuseDeaths(this.#died);
    if (this.#lost === undefined) return;
    throw new PipelineError('INPUT_CHANGED', `a picture is not what it was: ${this.#lost}`, {
      hint: 'the other answers are kept: mend it and run again',
    });
  }
}

/** @throws PipelineError ITEMS_FAILED (exit 1) where workers died of items */
export function refuseDeaths(count: number): void {
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
