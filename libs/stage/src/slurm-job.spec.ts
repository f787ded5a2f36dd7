import { describe, expect, it } from 'vitest';
import { describeEnd, hasEnded, isForgotten, isUnreachable, parseSlurmJob } from './slurm-job.js';

/** Of `scontrol show job 7 --oneliner`, Slurm 22.05. */
const line = (state: string, more = 'Reason=None') =>
  `JobId=7 JobName=flexattn UserId=root(0) Priority=4294901759 Nice=0 QOS=(null) JobState=${state} ${more} Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 ExitCode=1:0 RunTime=00:00:24 Partition=p ReqNodeList=(null) ExcNodeList=(null) NodeList=n[1-2] BatchHost=n1 NumNodes=2`;

const job = (state: string, more?: string) => {
  const parsed = parseSlurmJob(line(state, more));
  if (parsed === undefined) throw new Error('expected a job');
  return parsed;
};

describe('parseSlurmJob', () => {
  it('finds state, reason, exit code and machines', () => {
    expect(job('RUNNING')).toEqual({ state: 'RUNNING', reason: 'None', exitCode: '1:0', nodes: 'n[1-2]' });
    expect(job('PENDING', 'Reason=Priority').reason).toBe('Priority');
  });

  it('finds the task of an array, and none in another job', () => {
    const task = line('RUNNING').replace('JobName', 'ArrayJobId=7 ArrayTaskId=2 JobName');
    expect(parseSlurmJob(task)?.task).toBe('2');
    expect(parseSlurmJob(task.replace('=2 ', '=2-5%2 '))?.task).toBe('2-5%2');
    expect(parseSlurmJob(line('RUNNING'))).not.toHaveProperty('task');
  });

  it('finds nothing in another text', () => {
    expect(parseSlurmJob('')).toBeUndefined();
    expect(parseSlurmJob('No jobs in the system')).toBeUndefined();
  });
});

describe('an end', () => {
  it.each(['FAILED', 'CANCELLED', 'TIMEOUT', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED', 'COMPLETED'])(
    'is %s',
    (state) => expect(hasEnded(job(state))).toBe(true),
  );
  it.each(['PENDING', 'CONFIGURING', 'RUNNING', 'SUSPENDED', 'COMPLETING', 'REQUEUED', 'REQUEUE_HOLD'])(
    'is not %s',
    (state) => expect(hasEnded(job(state))).toBe(false),
  );

  it('is described with the job, its machines and why', () => {
    expect(describeEnd('7', job('FAILED', 'Reason=NonZeroExitCode'))).toBe(
      'Slurm job 7 on n[1-2] ended as FAILED, exit code 1:0',
    );
    expect(describeEnd('7', job('NODE_FAIL', 'Reason=NodeDown'))).toBe(
      'Slurm job 7 on n[1-2] ended as NODE_FAIL, reason NodeDown, exit code 1:0',
    );
  });
});

describe('what Slurm says', () => {
  it.each([
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
    'slurm_load_jobs error: Socket timed out on send/recv operation',
    'slurm_load_jobs error: Zero Bytes were transmitted or received',
  ])('is that the controller is away: %s', (text) => expect(isUnreachable(text)).toBe(true));

  it.each([
    'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
    'slurm_load_jobs error: Invalid job id specified',
  ])('is something else: %s', (text) => expect(isUnreachable(text)).toBe(false));

  it('is that it has forgotten the job', () => {
    expect(isForgotten('slurm_load_jobs error: Invalid job id specified')).toBe(true);
    expect(isForgotten('Invalid account')).toBe(false);
  });
});
