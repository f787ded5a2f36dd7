import { setTimeout as wait } from 'node:timers/promises';
import { StageError } from '../errors.js';
import { isForgotten, isUnreachable, parseSlurmJob } from '../slurm-job.js';
import type { SlurmJob } from '../slurm-job.js';
import { runProgram } from './run-program.js';

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
  /** More variables of the environment that the command, and so a job, gets. */
  allowEnv?: readonly string[] | undefined;
  /** What asks for the job, as a refusal names it, and what can be corrected there. */
  settings: { item: string; hint: string };
}

/**
 * Runs one of Slurm's commands; a controller that is away is asked again for ten minutes.
 *
 * @returns its standard output
 * @throws StageError SLURM_MISSING, SLURM_UNREACHABLE, SLURM_REFUSED with its own words
 */
export async function slurmCommand(
  program: string,
  args: readonly string[],
  { cwd, signal, pollMs, say, allowEnv = [], settings }: SlurmCommandOptions,
): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  for (let away = false; ; away = true) {
    const stderr: string[] = [];
    try {
      const onLine = (line: string, stream: string) => void (stream === 'stderr' && stderr.push(line));
      const { stdoutTail } = await runProgram(program, args, {
        ...{ cwd, onLine },
        allowEnv: [...allowEnv, ...SLURM_ENV],
      });
      if (away) say('the Slurm controller answers again');
      return stdoutTail.join('\n');
    } catch (cause) {
      if (!(cause instanceof StageError)) throw cause;
      if (cause.code === 'PROGRAM_MISSING') throw missing(program, cause);
      const said = stderr.join(' ').trim();
      if (!isUnreachable(said)) throw refused(program, said === '' ? cause.message : said, settings, cause);
      if (Date.now() > until) throw unreachable(said, cause);
      if (!away) say(`the Slurm controller does not answer; waiting for it (${said})`);
    }
    await wait(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** What Slurm knows of a job, a line for each task of an array; nothing where it has forgotten it. */
export async function slurmJobs(id: string, options: SlurmCommandOptions): Promise<SlurmJob[]> {
  try {
    const told = await slurmCommand('scontrol', ['show', 'job', id, '--oneliner'], options);
    return told.split('\n').flatMap((line) => parseSlurmJob(line) ?? []);
  } catch (error) {
    if (error instanceof StageError && isForgotten(error.message)) return [];
    throw error;
  }
}

function missing(program: string, cause: StageError): StageError {
  return new StageError('SLURM_MISSING', `a job of Slurm needs the program ${program}, which is not here`, {
    hint: "run this on a login node of the cluster, or install Slurm's client programs (Debian, Ubuntu: slurm-client)",
    cause,
  });
}

function refused(
  program: string,
  said: string,
  settings: { item: string; hint: string },
  cause: StageError,
): StageError {
  return new StageError('SLURM_REFUSED', `${program} refused: ${said}`, { ...settings, cause });
}

function unreachable(said: string, cause: StageError): StageError {
  return new StageError('SLURM_UNREACHABLE', `the Slurm controller did not answer for ten minutes: ${said}`, {
    hint: 'see "scontrol ping"; the job may run on: "squeue --me" tells when the controller is back',
    exitCode: 74,
    cause,
  });
}
