import type { KnownFailure } from './known-failures.js';

/** What `scontrol show job --oneliner` tells of a job. */
export interface SlurmJob {
  /** `PENDING`, `RUNNING`, `FAILED`, ...: job_state of slurm.h. */
  state: string;
  /** Why it waits or ended: `Priority`, `NodeDown`; `None` where there is nothing to say. */
  reason: string;
  /** `code:signal` of its script. */
  exitCode: string;
  /** The machines it runs on; `(null)` before. */
  nodes: string;
}

/** States that a job does not leave by itself. */
const ENDED = new Set([
  ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'LAUNCH_FAILED', 'NODE_FAIL'],
  ...['OUT_OF_MEMORY', 'PREEMPTED', 'REVOKED', 'SPECIAL_EXIT', 'TIMEOUT'],
]);

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

/** Reads one line of `scontrol show job --oneliner`; undefined where it is not one. */
export function parseSlurmJob(line: string): SlurmJob | undefined {
  const value = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1];
  const state = value('JobState');
  if (state === undefined) return undefined;
  const [reason = 'None', exitCode = '0:0', nodes = '(null)'] = ['Reason', 'ExitCode', 'NodeList'].map(value);
  return { state, reason, exitCode, nodes };
}

/** Whether a job will run no more. */
export function hasEnded({ state }: SlurmJob): boolean {
  return ENDED.has(state);
}

/** In words, for the user: `Slurm job 12 on n[1-2] ended as TIMEOUT, exit code 0:15`. */
export function describeEnd(id: string, { state, reason, exitCode, nodes }: SlurmJob): string {
  const where = nodes === '(null)' || nodes === '' ? '' : ` on ${nodes}`;
  const why = ['None', state, 'NonZeroExitCode', 'JobLaunchFailure', 'TimeLimit'].includes(reason)
    ? ''
    : `, reason ${reason}`;
  return `Slurm job ${id}${where} ended as ${state}${why}, exit code ${exitCode}`;
}

/** What an ended state says about why, and what to do; undefined for FAILED: the log tells. */
export function knownEnd({ state }: SlurmJob): KnownFailure | undefined {
  return HINTS[state];
}

/** Whether Slurm's commands say that the controller is away or too busy, which passes. */
export function isUnreachable(message: string): boolean {
  return /Unable to contact slurm controller|connect failure|Connection (refused|timed out)|Socket timed out|Zero Bytes were transmitted|backup controller|resource temporarily unavailable/i.test(
    message,
  );
}

/** Whether Slurm no longer remembers a job: it forgets one some minutes after its end. */
export function isForgotten(message: string): boolean {
  return /Invalid job id/i.test(message);
}
