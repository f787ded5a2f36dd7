import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  createProgress,
  hasEnded,
  pathExists,
  slurmCommand,
  slurmJobs,
  tellLine,
  StageError,
  withLock,
  writeFileAtomic,
} from '@flexattn/stage';
import type { SlurmCommandOptions, SlurmJob } from '@flexattn/stage';
import { PipelineError } from '../errors.js';
import { arrayScript, type ArrayScript } from './array-script.js';
import { tasksFailed, type TaskEnd } from './task-end.js';

/** How the user wants an array. */
export interface ArraySettings {
  /** Parts of the work. */
  tasks: number;
  /** More arguments of `sbatch`. */
  args: readonly string[];
}

/** All tasks of an array, by index. */
export function allTasks({ tasks }: ArraySettings): number[] {
  return Array.from({ length: tasks }, (_, index) => index);
}

/** An array to be run, or to be gone on with. */
export interface ArrayJob extends Omit<ArrayScript, 'open'> {
  /** Hash of all that decides the tasks' results: what an earlier start left under another key is removed. */
  key: string;
}

export interface ArrayRun {
  signal: AbortSignal;
  quiet: boolean;
}

/** Asked after at first so often, then half as often again each time. */
const FIRST_POLL_MS = 500;
const LONGEST_POLL_MS = 5000;
/** How long cancelled tasks may take to go: Slurm kills after KillWait (30 s by default). */
const CANCEL_MS = 60_000;
/** What tasks may see of the environment beside what any program does: devices, and where models are remembered. */
const TASK_ENV = ['CUDA_*', 'NVIDIA_*', 'ORT_*', 'VIPS_*', 'NODE_OPTIONS', 'XDG_CACHE_HOME'];
const SETTINGS = { item: '--slurm-arg', hint: 'correct it, or --tasks ("sinfo" shows what there is)' };

/**
 * Runs the tasks that have not ended well before, as an array of Slurm, and waits for their end. Where one fails the
 * others go on; started again, only those that are missing run. At an abort the array is cancelled.
 *
 * @throws PipelineError TASKS_FAILED, JOB_RUNNING; StageError SLURM_MISSING, SLURM_REFUSED, SLURM_UNREACHABLE, LOCKED,
 * INTERRUPTED
 */
export async function runArray(job: ArrayJob, settings: ArraySettings, run: ArrayRun): Promise<void> {
  if (/[%\\]/.test(job.folder)) {
    const what = 'expected a path without "%" and "\\", which Slurm cannot write its logs to';
    throw new PipelineError('BAD_ARGUMENT', what, { file: job.folder, hint: 'name another --out' });
  }
  await mkdir(job.folder, { recursive: true });
  await withLock(`${job.folder}.lock`, () => new RunningArray(job, settings, run).run());
}

class RunningArray {
  #id = '';
  #said = '';
  readonly #last = new Map<string, SlurmJob>();

  constructor(
    private readonly job: ArrayJob,
    private readonly settings: ArraySettings,
    private readonly options: ArrayRun,
  ) {}

  async run(): Promise<void> {
    await this.#refuseSecond();
    await this.#forgetOther();
    const before = await this.#exitCodes();
    const open = allTasks(this.settings).filter((index) => before.get(index) !== 0);
    if (open.length === 0) return;
    if (open.length < this.settings.tasks)
      this.#say(`${this.settings.tasks - open.length} of ${this.settings.tasks} tasks ended well before`);
    const cancel = () => this.#cancelNow();
    process.once('exit', cancel);
    try {
      await this.#submit(open);
      await this.#follow(open);
    } catch (error) {
      // Of a controller that is away the tasks may well run on.
      if (!(error instanceof StageError && error.code === 'SLURM_UNREACHABLE')) cancel();
      throw error;
    } finally {
      process.removeListener('exit', cancel);
    }
    await this.#refuseFailed(open);
  }

  /** Tasks of a launcher that was killed write the same files. */
  async #refuseSecond(): Promise<void> {
    const file = this.#file('job.id');
    if (!(await pathExists(file))) return;
    const id = (await readFile(file, 'utf8')).trim();
    const tasks = /^\d+$/.test(id) ? await this.#unlessAborted(slurmJobs(id, this.#asking())) : [];
    const codes = await this.#exitCodes(); // Slurm tidies up for a while after a task's end
    if (tasks.every((task) => hasEnded(task) || codes.has(Number(task.task)))) return;
    throw new PipelineError('JOB_RUNNING', `tasks of an earlier start, Slurm job ${id}, have not ended`, {
      file,
      hint: `wait for their end, or cancel them: scancel ${id}`,
    });
  }

  /** What was left by tasks with other input or settings. */
  async #forgetOther(): Promise<void> {
    const file = this.#file('key');
    if ((await pathExists(file)) && (await readFile(file, 'utf8')) === this.job.key) return;
    await rm(this.job.folder, { recursive: true });
    await mkdir(this.job.folder, { recursive: true });
    await writeFileAtomic(file, this.job.key);
  }

  async #submit(open: readonly number[]): Promise<void> {
    for (const index of open) await rm(this.#file(`task-${index}.exit`), { force: true });
    for (const index of open) await rm(this.#file(`task-${index}.log`), { force: true });
    await writeFileAtomic(this.#file('array.sbatch'), arrayScript({ ...this.job, open }));
    // From the script's folder: no path with a strange character is in its header.
    const words = ['--parsable', ...this.settings.args, 'array.sbatch'];
    const said = await this.#unlessAborted(slurmCommand('sbatch', words, this.#asking()));
    this.#id = said.trim().split(';')[0] ?? '';
    await writeFileAtomic(this.#file('job.id'), `${this.#id}\n`);
    this.#say(`Slurm job ${this.#id}, an array of ${open.length}; logs ${this.#file('task-*.log')}`);
  }

  async #follow(open: readonly number[]): Promise<void> {
    const { quiet, signal } = this.options;
    const { name } = this.job;
    const progress = createProgress({ label: name, unit: 'tasks', total: open.length, quiet });
    let idle = 0;
    let done = 0;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
      if (signal.aborted) await this.#cancel();
      const tasks = await this.#unlessCancelled(slurmJobs(this.#id, this.#asking()));
      for (const task of tasks) this.#last.set(task.task ?? '', task);
      const ended = (await this.#exitCodes()).size - (this.settings.tasks - open.length);
      progress.advance(ended - done);
      done = ended;
      this.#tellStates(tasks, done === open.length);
      // Twice nothing that runs: a task that is queued again is seen as ended for a moment, a shared disk comes late.
      idle = tasks.every(hasEnded) ? idle + 1 : 0;
      if (done === open.length || idle === 2) break;
      await this.#unlessCancelled(wait(pollMs, undefined, { signal }));
    }
    progress.finish();
  }

  /** The first that failed is named, with its log; all are counted. */
  async #refuseFailed(open: readonly number[]): Promise<void> {
    const codes = await this.#exitCodes();
    const ends = open.map((index): TaskEnd => {
      const told = this.#last.get(String(index));
      return { index, code: codes.get(index), state: told?.state };
    });
    const failed = ends.filter(({ code, state }) => code !== 0 && !(code === undefined && isWell(state)));
    const [first] = failed;
    if (first === undefined) return;
    throw await tasksFailed(failed, first, this.settings.tasks, this.#file(`task-${first.index}.log`));
  }

  /** By task, for those that have ended. */
  async #exitCodes(): Promise<Map<number, number>> {
    const codes = new Map<number, number>();
    for (const index of allTasks(this.settings)) {
      const file = this.#file(`task-${index}.exit`);
      if (await pathExists(file)) codes.set(index, Number((await readFile(file, 'utf8')).trim()));
    }
    return codes;
  }

  /** For an end of this process that waits for nothing: a second Ctrl-C. */
  #cancelNow(): void {
    if (this.#id !== '') spawnSync('scancel', [this.#id], { stdio: 'ignore', timeout: 5000 });
  }

  async #cancel(): Promise<never> {
    const { signal, ...asking } = this.#asking();
    await slurmCommand('scancel', [this.#id], asking);
    for (const until = Date.now() + CANCEL_MS; Date.now() < until; await wait(FIRST_POLL_MS)) {
      if ((await slurmJobs(this.#id, asking)).every(hasEnded)) break;
    }
    const reason: unknown = signal?.reason;
    throw reason instanceof StageError
      ? reason
      : new StageError('INTERRUPTED', 'stopped', { exitCode: 130, cause: reason });
  }

  /** As `work`; where an abort came first, the array is cancelled. */
  async #unlessCancelled<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.options.signal.aborted) return this.#cancel();
      throw error;
    }
  }

  /** As `work`, with the abort's own reason. */
  async #unlessAborted<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.options.signal.throwIfAborted();
      throw error;
    }
  }

  #asking(): SlurmCommandOptions {
    const { signal } = this.options;
    const say = (line: string) => this.#say(line);
    const told = { say, allowEnv: TASK_ENV, settings: SETTINGS };
    return { cwd: this.job.folder, signal, pollMs: LONGEST_POLL_MS, ...told };
  }

  /** A line where the states are others than before. */
  #tellStates(tasks: readonly SlurmJob[], isOver: boolean): void {
    const waiting = tasks.find(({ state }) => state === 'PENDING');
    const running = tasks.filter(({ state }) => state === 'RUNNING').length;
    const why = waiting === undefined || waiting.reason === 'None' ? '' : ` (${waiting.reason})`;
    const text = waiting === undefined ? '' : `, others wait${why}`;
    const line = `Slurm job ${this.#id}: ${running} running${text}`;
    if (!isOver && line !== this.#said && (running > 0 || waiting !== undefined)) this.#say(line);
    this.#said = line;
  }

  #say(line: string): void {
    if (!this.options.quiet) tellLine(`${this.job.name}: ${line}`);
  }

  #file(name: string): string {
    return join(this.job.folder, name);
  }
}

const isWell = (state: string | undefined) => state === 'COMPLETED';
