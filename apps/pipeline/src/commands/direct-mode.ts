import type { Command } from 'commander';

/** A stage run on paths given as options, without a configuration, receipt or store: its lib as a command. */
export interface DirectMode {
  /** Adds its options and examples to the stage's command, which has `--json`, `--dry-run` and `--quiet`. */
  addOptions(command: Command): void;
  /** Whether the options ask for this mode; otherwise the configuration's stage runs. */
  isAskedFor(flags: Readonly<Record<string, unknown>>): boolean;
  /** Runs it and prints its result on stdout. */
  run(flags: Readonly<Record<string, unknown>>): Promise<void>;
}
