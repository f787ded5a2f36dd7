/** What a command tells while it works, for programs. */
export type WorkEvent =
  /** A line for people. */
  | { event: 'note'; text: string }
  /** How far a piece of work is: `done` of `total` (left out where unknown), in `unit`, after `seconds`. */
  | {
      event: 'progress';
      label: string;
      unit: string;
      done: number;
      total?: number;
      seconds: number;
      detail?: string;
      /** The last of this piece of work. */
      finished: boolean;
    };

let listener: ((event: WorkEvent) => void) | undefined;

/**
 * From now on this process hands what it tells to `next` instead of writing lines to standard error. One for the whole
 * process, as standard error is: what libs tell must not be interleaved with lines of another form.
 */
export function tellEventsTo(next: ((event: WorkEvent) => void) | undefined): void {
  listener = next;
}

/** Who gets events; undefined: lines are written. */
export function eventListener(): ((event: WorkEvent) => void) | undefined {
  return listener;
}

/** Tells one line: on standard error, or as an event. */
export function tellLine(text: string): void {
  if (listener === undefined) process.stderr.write(`${text}\n`);
  else listener({ event: 'note', text });
}
