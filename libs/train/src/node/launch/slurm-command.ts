import { setTimeout as wait } from 'node:timers/promises';
import { runProgram, StageError } from '@flexattn/stage';
import { TrainError } from '../../errors.js';
import { isUnreachable } from '../../slurm-job.js';
import { TRAINER_ENV } from '../package-folder.js';

/** A controller that is restarted is back in seconds, one that moves to another machine in minutes. */
const PATIENCE_MS = 600_000;
/** Slurm's commands find their cluster by these; its token (SLURM_JWT) would be handed on to the job. */
const SLURM_ENV = ['SLURM_CONF', 'SLURM_CLUSTERS', 'SBATCH_*'];

export interface SlurmCommandOptions {
  cwd?: string | undefined;
  /** Ends the waiting for a controller, by an AbortError, and never a command: a job may be half submitted. */
  signal?: AbortSignal | undefined;
  pollMs: number;
  say: (line: string) => void;
}

/**
 * Runs one of Slurm's commands; a controller that is away is asked again for ten minutes.
 *
 * @returns its standard output
 * @throws TrainError SLURM_MISSING, SLURM_UNREACHABLE, SLURM_REFUSED with its own words
 */
export async function slurmCommand(
  program: string,
  args: readonly string[],
  { cwd, signal, pollMs, say }: SlurmCommandOptions,
): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  for (let away = false; ; away = true) {
    const stderr: string[] = [];
    try {
      const allowEnv = [...TRAINER_ENV, ...SLURM_ENV];
      const onLine = (line: string, stream: string) => void (stream === 'stderr' && stderr.push(line));
      const { stdoutTail } = await runProgram(program, args, { cwd, allowEnv, onLine });
      if (away) say('the Slurm controller answers again');
      return stdoutTail.join('\n');
    } catch (cause) {
      if (!(cause instanceof StageError)) throw cause;
      if (cause.code === 'PROGRAM_MISSING') throw missing(program, cause);
      const said = stderr.join(' ').trim();
      if (!isUnreachable(said)) throw refused(program, said === '' ? cause.message : said, cause);
      if (Date.now() > until) throw unreachable(said, cause);
      if (!away) say(`the Slurm controller does not answer; waiting for it (${said})`);
    }
    await wait(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

function missing(program: string, cause: StageError): TrainError {
  return new TrainError(
    'SLURM_MISSING',
    `"launcher": "slurm" needs the program ${program}, which is not here`,
    {
      hint: "run this on a login node of the cluster, or install Slurm's client programs (Debian, Ubuntu: slurm-client)",
      cause,
    },
  );
}

function refused(program: string, said: string, cause: StageError): TrainError {
  return new TrainError('SLURM_REFUSED', `${program} refused: ${said}`, {
    item: 'train.slurm',
    hint: 'correct partition, account, time, nodes, gpusPerNode or args ("sinfo" shows what there is)',
    cause,
  });
}

function unreachable(said: string, cause: StageError): TrainError {
  return new TrainError('SLURM_UNREACHABLE', `the Slurm controller did not answer for ten minutes: ${said}`, {
    hint: 'see "scontrol ping"; the job may run on: "squeue --me" tells when the controller is back',
    exitCode: 74,
    cause,
  });
}
