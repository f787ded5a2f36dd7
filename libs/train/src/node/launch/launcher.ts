import type { LaunchPlan } from '../../launch-plan.js';

export interface LaunchOptions {
  /** The first abort asks the trainer to end its step and write a state; it is killed after `graceMs`. */
  signal?: AbortSignal | undefined;
  graceMs?: number | undefined;
  /** Every line that any process of the trainer writes. */
  onLine: (line: string) => void;
}

/** How a planned trainer is brought to run. */
export interface Launcher {
  /** Runs it to its end; StageError PROGRAM_FAILED where it fails, INTERRUPTED after an abort. */
  start(plan: LaunchPlan, options: LaunchOptions): Promise<void>;
}
