import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StageError } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import type { Answer } from '../items.js';
import type { NumberedItem, PictureGroup, WorkQueue } from '../work-queue.js';
import type { PictureRoots } from './answer-groups.js';
import type { FromInferWorker, ToInferWorker } from './infer-worker.js';
import type { LocalModelOptions } from './local-model.js';
import { receiveError } from './wire.js';

/** The compiled worker; there is none beside TypeScript sources. */
const INFER_WORKER = new URL('./infer-worker.js', import.meta.url);

export interface PoolOptions {
  model: string;
  options: LocalModelOptions;
  roots: PictureRoots;
  workers: number;
  /** Indices of GPUs, one for each worker. */
  gpus?: readonly string[] | undefined;
  queue: WorkQueue;
  answered(index: number, answer: Answer, ms: number): Promise<void>;
  signal?: AbortSignal | undefined;
}

/** What a worker process may know of our environment; secrets stay here. */
const ENVIRONMENT =
  /^(PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|TEMP|TMP|SystemRoot|LD_LIBRARY_PATH|VK_.*|CUDA_.*|NVIDIA_.*)$/;
/** Workers that may die one after another before any answers. */
const FALSE_STARTS = 3;

interface PoolWorker {
  child: ChildProcess;
  slot: number;
  /** What it was given and has not answered. */
  groups: PictureGroup[];
  wants: boolean;
  idle: boolean;
}

/**
 * Runs the queue on worker processes. A worker takes the next group while it is busy only as long as there are more
 * groups than workers, so that towards the end whoever is free takes what is left. What a dead worker had goes back to
 * the queue, and another one is started in its place.
 *
 * @throws the error of a worker that no item is to blame for; RuntimeError WORKERS_DIE; StageError INTERRUPTED
 */
export async function runPool(pool: PoolOptions): Promise<void> {
  await new Pool(pool).run();
}

class Pool {
  readonly #pool: PoolOptions;
  readonly #workers = new Set<PoolWorker>();
  /** Answers are written one after another. */
  #writing: Promise<void> = Promise.resolve();
  #falseStarts = 0;
  #settle: ((error?: Error) => void) | undefined;

  constructor(pool: PoolOptions) {
    this.#pool = pool;
  }

  async run(): Promise<void> {
    const { signal, workers } = this.#pool;
    const stop = () => this.#settle?.(new StageError('INTERRUPTED', 'stopped', { exitCode: 130 }));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = (error) => (error === undefined ? resolve() : reject(error));
        if (signal?.aborted) stop();
        for (let slot = 0; slot < workers; slot++) this.#start(slot);
      });
      await this.#writing;
    } finally {
      this.#settle = undefined;
      signal?.removeEventListener('abort', stop);
      for (const { child } of this.#workers) child.kill('SIGKILL');
    }
  }

  #start(slot: number): void {
    const { model, options, roots, gpus } = this.#pool;
    const child = fork(fileURLToPath(INFER_WORKER), [], {
      env: { ...environment(), ...(gpus !== undefined && { CUDA_VISIBLE_DEVICES: gpus[slot] }) },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker: PoolWorker = { child, slot, groups: [], wants: false, idle: false };
    this.#workers.add(worker);
    child.on('message', (message: FromInferWorker) => {
      try {
        this.#receive(worker, message);
      } catch (error) {
        this.#fail(error);
      }
    });
    child.once('error', (cause) => this.#settle?.(cause));
    child.once('exit', (code, signal) => this.#ended(worker, signal ?? `exit code ${code}`));
    this.#send(worker, { start: { model, options, roots } });
  }

  #receive(worker: PoolWorker, message: FromInferWorker): void {
    if ('error' in message) {
      this.#settle?.(receiveError(message.error));
    } else if ('answer' in message) {
      this.#falseStarts = 0;
      for (const group of worker.groups) {
        group.items = group.items.filter(({ index }) => index !== message.index);
      }
      worker.groups = worker.groups.filter(({ items }) => items.length > 0);
      this.#write(message.index, message.answer, message.ms);
    } else {
      if ('want' in message) worker.wants = true;
      else worker.idle = true;
      this.#assign();
    }
  }

  #assign(): void {
    const { queue } = this.#pool;
    for (const worker of this.#workers) {
      if (!worker.wants || !(worker.idle || queue.size > this.#workers.size)) continue;
      const group = queue.take();
      if (group === undefined) continue;
      worker.groups.push({ ...group });
      worker.wants = worker.idle = false;
      this.#send(worker, { group });
    }
    const done = queue.size === 0 && [...this.#workers].every(({ groups }) => groups.length === 0);
    if (!done) return;
    for (const worker of this.#workers) if (worker.wants) this.#send(worker, { group: null });
  }

  #ended(worker: PoolWorker, how: string): void {
    this.#workers.delete(worker);
    const { queue } = this.#pool;
    if (worker.groups.length === 0 && queue.size === 0) {
      if (this.#workers.size === 0) this.#settle?.();
      return;
    }
    if (worker.groups.length === 0 && ++this.#falseStarts >= FALSE_STARTS) {
      const what = `expected workers that answer, ${FALSE_STARTS} died one after another (${how})`;
      this.#settle?.(new RuntimeError('WORKERS_DIE', what, { hint: 'run with one worker to see why' }));
      return;
    }
    for (const item of queue.giveBack(worker.groups)) this.#giveUp(item, how);
    if (queue.size > 0 && this.#settle !== undefined) this.#start(worker.slot);
    this.#assign();
    if (this.#workers.size === 0) this.#settle?.();
  }

  #giveUp({ index, item }: NumberedItem, how: string): void {
    const message = `three workers died of this item, the last with ${how} (WORKER_DIED)`;
    this.#write(index, { id: item.id, error: { code: 'WORKER_DIED', message } }, 0);
  }

  #write(index: number, answer: Answer, ms: number): void {
    this.#writing = this.#writing.then(() => this.#pool.answered(index, answer, ms));
    this.#writing.catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#settle?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** A worker that just died cannot be told anything; its end is noticed by its exit. */
  #send({ child }: PoolWorker, message: ToInferWorker): void {
    if (child.connected) child.send(message, () => undefined);
  }
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && ENVIRONMENT.test(name) ? [[name, value]] : [],
    ),
  );
}
