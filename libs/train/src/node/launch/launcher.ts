import type { KnownFailure } from '../../known-failures.js';

export interface LaunchOptions {
  /** The first abort asks the trainer to end its step and write a state; it is killed after `graceMs`. */
  signal?: AbortSignal | undefined;
  graceMs?: number | undefined;
  /** Every line that any process of the trainer writes. */
  onLine: (line: string) => void;
  /** What the launcher itself has to tell, a line at a time: that a job waits, that a controller is away. */
  say: (line: string) => void;
}

/**
 * Brings a planned trainer to run, and waits for its end.
 *
 * @throws LaunchFailure where it ran and did not end well; StageError INTERRUPTED after an abort
 */
export type Launch = (options: LaunchOptions) => Promise<void>;

/** The trainer ran and did not end well: how, where the launcher knows it why, and the file with all its lines. */
export class LaunchFailure extends Error {
  readonly known: KnownFailure | undefined;
  readonly log: string | undefined;

  constructor(
    how: string,
    {
      known,
      log,
      cause,
    }: { known?: KnownFailure | undefined; log?: string | undefined; cause?: unknown } = {},
  ) {
    super(how, { cause });
    this.known = known;
    this.log = log;
  }
}
