import type { SlurmJob } from '@flexattn/stage';
import type { KnownFailure } from './known-failures.js';

const HINTS: Record<string, KnownFailure> = {
  CANCELLED: {
    what: 'someone cancelled the job',
    hint: 'run the same command again: it goes on from the last state',
  },
  PREEMPTED: {
    what: 'another job took its machines',
    hint: 'run the same command again: it goes on from the last state',
  },
  TIMEOUT: {
    what: 'the time limit was reached before a state could be written',
    hint: 'raise slurm.time or slurm.secondsToSave, or set saveEverySteps, and run the same command again',
  },
  DEADLINE: { what: 'its deadline was reached', hint: 'submit it earlier, or with a later deadline' },
  NODE_FAIL: {
    what: 'a machine failed',
    hint: 'run the same command again: it goes on from the last state; leave the machine out with slurm.args ["--exclude=NAME"]',
  },
  BOOT_FAIL: { what: 'a machine did not start', hint: 'run the same command again' },
  OUT_OF_MEMORY: {
    what: 'the job used more memory than it asked for',
    hint: 'ask for more with slurm.args ["--mem=64G"], or lower featureCacheMegabytes',
  },
};

/** What an ended state says about why, and what to do; undefined for FAILED: the log tells. */
export function knownEnd({ state }: Pick<SlurmJob, 'state'>): KnownFailure | undefined {
  return HINTS[state];
}
