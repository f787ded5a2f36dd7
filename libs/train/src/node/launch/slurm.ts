import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  describeEnd,
  hasEnded,
  pathExists,
  slurmCommand,
  slurmJobs,
  StageError,
  writeFileAtomic,
} from '@flexattn/stage';
import type { SlurmCommandOptions, SlurmJob } from '@flexattn/stage';
import { TrainError } from '../../errors.js';
import { knownEnd } from '../../slurm-end.js';
import { slurmScript } from '../../slurm-script.js';
import type { SlurmScript } from '../../slurm-script.js';
import { GrowingFile } from './growing-file.js';
import { LaunchFailure } from './launcher.js';
import type { Launch, LaunchOptions } from './launcher.js';
import { TRAINER_ENV } from '../package-folder.js';

/** What a refusal names. */
const SETTINGS = {
  item: 'train.slurm',
  hint: 'correct partition, account, time, nodes, gpusPerNode or args ("sinfo" shows what there is)',
};
/** How long a cancelled job may take to go: Slurm kills after KillWait (30 s by default). */
const CANCEL_MS = 60_000;

/**
 * The trainer as a Slurm job: `train.sbatch`, `job-ID.log` and `job.id` in `folder`, which the machines must share.
 * A first abort asks the trainer to end its step and write a state; then, or after the time of grace, the job is
 * cancelled. A launcher that is killed leaves its job to Slurm; the next one will not start beside it.
 */
export function slurmLaunch(script: SlurmScript, folder: string): Launch {
  return async (options) => {
    refuseFolder(folder);
    const job = new Job(folder, script.slurm.pollSeconds * 1000, options);
    await job.refuseSecond();
    const cancel = () => job.cancelNow();
    process.once('exit', cancel);
    try {
      await job.submit(slurmScript(script), script.slurm.args);
      await job.follow();
    } catch (error) {
      // Of a controller that is away the job may well run on; a job that has ended minds no second end.
      if (!(error instanceof StageError && error.code === 'SLURM_UNREACHABLE')) cancel();
      throw error;
    } finally {
      process.removeListener('exit', cancel);
    }
  };
}

/** Slurm takes both for marks in the path of a log, and knows no way to write them. */
function refuseFolder(folder: string): void {
  if (!/[%\\]/.test(folder)) return;
  const what = 'expected a path without "%" and "\\", which Slurm cannot write its log to';
  throw new TrainError('BAD_SETTINGS', what, { file: folder, hint: 'give the run another folder' });
}

class Job {
  #id = '';
  #log = new GrowingFile('');
  #said = '';

  constructor(
    private readonly folder: string,
    private readonly pollMs: number,
    private readonly options: LaunchOptions,
  ) {}

  /** A job of a launcher that was killed writes the same states. */
  async refuseSecond(): Promise<void> {
    const file = join(this.folder, 'job.id');
    if (!(await pathExists(file))) return;
    const [id = ''] = await new GrowingFile(file).newLines();
    const job = /^\d+$/.test(id)
      ? await this.#unlessAborted(this.#state(this.options.signal, id))
      : undefined;
    if (job === null) throw this.#interruption();
    if (job === undefined || hasEnded(job)) return;
    throw new TrainError('JOB_RUNNING', `Slurm job ${id} of an earlier start is ${job.state}`, {
      file,
      hint: `wait for its end, or cancel it: scancel ${id}`,
    });
  }

  async submit(script: string, args: readonly string[]): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFileAtomic(join(this.folder, 'train.sbatch'), script);
    // From the script's folder: no path with a strange character is in its header.
    const words = ['--parsable', ...args, 'train.sbatch'];
    const said = await this.#unlessAborted(this.#command('sbatch', words, this.options.signal));
    if (said === null) throw this.#interruption();
    this.#id = said.trim().split(';')[0] ?? '';
    await writeFileAtomic(join(this.folder, 'job.id'), `${this.#id}\n`);
    this.#log = new GrowingFile(join(this.folder, `job-${this.#id}.log`));
    this.options.say(`Slurm job ${this.#id}, log ${join(this.folder, `job-${this.#id}.log`)}`);
  }

  /** Tells the log's lines until the job has ended and its log too; cancels it at an abort. */
  async follow(): Promise<void> {
    const { signal } = this.options;
    let ended: SlurmJob | undefined;
    for (;;) {
      if (signal?.aborted === true) return this.#cancel();
      const job = await this.#unlessAborted(this.#state(signal));
      const news = await this.#tellLog();
      if (job === null) continue;
      // Twice the same end: a job that is queued again is seen as ended for a moment, and a shared log comes late.
      if (ended !== undefined && !news && (job === undefined || job.state === ended.state)) break;
      ended = job !== undefined && hasEnded(job) ? job : job === undefined ? UNKNOWN : undefined;
      this.#tellState(job);
      await this.#unlessAborted(wait(this.pollMs, undefined, signal === undefined ? {} : { signal }));
    }
    if (ended.state === 'COMPLETED' || ended === UNKNOWN) return;
    const log = join(this.folder, `job-${this.#id}.log`);
    throw new LaunchFailure(describeEnd(this.#id, ended), { known: knownEnd(ended), log });
  }

  /** For an end of this process that waits for nothing: a second Ctrl-C. */
  cancelNow(): void {
    if (this.#id !== '') spawnSync('scancel', [this.#id], { stdio: 'ignore', timeout: 5000 });
  }

  async #cancel(): Promise<never> {
    const { graceMs = 0, say } = this.options;
    const job = await this.#state();
    if (graceMs > 0 && job?.state === 'RUNNING') {
      say(`asking Slurm job ${this.#id} to end its step and write a state`);
      await this.#command('scancel', ['--batch', '--signal=INT', this.#id]);
      await this.#waitForEnd(graceMs);
    }
    await this.#command('scancel', [this.#id]);
    await this.#waitForEnd(CANCEL_MS);
    throw this.#interruption();
  }

  #interruption(): StageError {
    const reason: unknown = this.options.signal?.reason;
    if (reason instanceof StageError) return reason;
    return new StageError('INTERRUPTED', 'stopped', { exitCode: 130, cause: reason });
  }

  async #waitForEnd(ms: number): Promise<void> {
    for (const until = Date.now() + ms; Date.now() < until; await wait(this.pollMs)) {
      const job = await this.#state();
      await this.#tellLog();
      if (job === undefined || hasEnded(job)) return;
    }
  }

  /** Undefined where Slurm no longer knows it. */
  async #state(signal?: AbortSignal, id = this.#id): Promise<SlurmJob | undefined> {
    const [job] = await slurmJobs(id, this.#asking(signal));
    return job;
  }

  #command(program: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
    return slurmCommand(program, args, this.#asking(signal));
  }

  #asking(signal: AbortSignal | undefined): SlurmCommandOptions {
    const { pollMs, folder: cwd } = this;
    return { cwd, signal, pollMs, say: this.options.say, allowEnv: TRAINER_ENV, settings: SETTINGS };
  }

  /** null where the abort came first: the caller looks at it. */
  async #unlessAborted<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      if (this.options.signal?.aborted === true) return null;
      throw error;
    }
  }

  /** Whether there was anything. */
  async #tellLog(): Promise<boolean> {
    const lines = await this.#log.newLines();
    lines.forEach(this.options.onLine);
    return lines.length > 0;
  }

  /** A line where the state, or the reason why it waits, is another than before. */
  #tellState(job: SlurmJob | undefined): void {
    if (job === undefined) return;
    const text =
      job.state === 'PENDING' ? `waits (${job.reason})` : job.state.toLowerCase().replace('_', ' ');
    if (text !== this.#said) this.options.say(`Slurm job ${this.#id} ${text}`);
    this.#said = text;
  }
}

/** The end of a job that Slurm no longer knows: its log tells. */
const UNKNOWN: SlurmJob = { state: 'unknown', reason: 'None', exitCode: '0:0', nodes: '(null)' };
