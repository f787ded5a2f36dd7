import type { SmallWorld } from './small-world.js';

export interface ProofOptions {
  /** How many trials; of what, the proof says. */
  count: number;
  /** The same seed makes the same trials in the same order. */
  seed: number;
  /** A folder for all that it makes; it is empty, and is removed afterwards. */
  folder: string;
  /** A world in which every stage has run without interruption. For reading and copying alone. */
  finished: () => Promise<SmallWorld>;
  /** Told what share of its trials is done. */
  progress: (done: number, total: number) => void;
  signal: AbortSignal;
}

/** What a proof found. */
export interface ProofResult {
  /** The figures, in one line. */
  figure: string;
  /** A line for each trial that broke the promise: what was found, and the moment or place that shows it again. */
  failures: readonly string[];
  /** Why it could not be tried here; then it has neither held nor failed. */
  skipped?: string;
}

/** A promise of the product, and how it is tried. */
export interface Proof {
  name: string;
  promise: string;
  test: string;
  /** Trials of the full form. */
  count: number;
  prove(options: ProofOptions): Promise<ProofResult>;
}
