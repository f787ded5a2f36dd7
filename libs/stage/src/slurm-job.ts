/** What `scontrol show job --oneliner` tells of a job, or of tasks of an array. */
export interface SlurmJob {
  /** `PENDING`, `RUNNING`, `FAILED`, ...: job_state of slurm.h. */
  state: string;
  /** Why it waits or ended: `Priority`, `NodeDown`; `None` where there is nothing to say. */
  reason: string;
  /** `code:signal` of its script. */
  exitCode: string;
  /** The machines it runs on; `(null)` before. */
  nodes: string;
  /** Of an array: the task's index; of tasks that wait together a list, `2-5%2`. */
  task?: string;
}

/** States that a job does not leave by itself. */
const ENDED = new Set([
  ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'LAUNCH_FAILED', 'NODE_FAIL'],
  ...['OUT_OF_MEMORY', 'PREEMPTED', 'REVOKED', 'SPECIAL_EXIT', 'TIMEOUT'],
]);

/** Reads one line of `scontrol show job --oneliner`; undefined where it is not one. */
export function parseSlurmJob(line: string): SlurmJob | undefined {
  const value = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1];
  const state = value('JobState');
  if (state === undefined) return undefined;
  const [reason = 'None', exitCode = '0:0', nodes = '(null)'] = ['Reason', 'ExitCode', 'NodeList'].map(value);
  const task = value('ArrayTaskId');
  return { state, reason, exitCode, nodes, ...(task === undefined ? {} : { task }) };
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
