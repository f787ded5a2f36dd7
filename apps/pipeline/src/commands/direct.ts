import type { Command } from 'commander';
import { evalDirect } from './eval-direct.js';
import { cleanDirect } from './clean-direct.js';
import { compileDirect } from './compile-direct.js';
import { initDirect } from './init-direct.js';
import { inferDirect } from './infer-direct.js';
import { reportDirect } from './report-direct.js';

/** A stage run on paths given as options, without a configuration, receipt or store: its lib as a command. */
export interface DirectMode {
  /** Adds its options and examples to the stage's command, which has `--json`, `--dry-run` and `--quiet`. */
  addOptions(command: Command): void;
  /** Whether the options ask for this mode; otherwise the configuration's stage runs. */
  isAskedFor(flags: Readonly<Record<string, unknown>>): boolean;
  /** Runs it and prints its result on stdout. */
  run(flags: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The stages that run on paths too. */
export const DIRECT_MODES: Readonly<Record<string, DirectMode>> = {
  clean: cleanDirect,
  compile: compileDirect,
  eval: evalDirect,
  init: initDirect,
  infer: inferDirect,
  report: reportDirect,
};
