import type { ElementType } from './external-data.js';
import type { Value } from './value.js';

/** A value that a loop hands from round to round. */
export interface LoopState {
  value: Value;
  type: ElementType;
}

/** What one round of a loop leaves behind. */
export interface LoopRound {
  /** Whether there is a further round, bool []. */
  again: Value;
  /** As many as went in. */
  states: readonly Value[];
  /** Of all rounds, put one behind the other on a new first axis. */
  collected: readonly Value[];
}
