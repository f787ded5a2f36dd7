import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BenchResult } from './result.js';

/** What runs one benchmark, in a built checkout. */
export const BENCHMARK_ENTRY = 'tools/dist/bench/run-one.js';

/** A benchmark that ended with another exit code than 0; it has said why. */
export class BenchmarkFailure extends Error {
  constructor(
    name: string,
    readonly exitCode: number,
  ) {
    super(`the benchmark ${name} ended with exit code ${exitCode}`);
  }
}

/** What of which revision is run. */
export interface BenchmarkProcess {
  /** The built revision: a checkout of this repository. */
  root: string;
  name: string;
  args: readonly string[];
  /** Its words go to standard error: standard output is for data. */
  quiet: boolean;
  /** Where it says nothing at all. */
  silent?: boolean;
  signal: AbortSignal;
}

/**
 * Runs a benchmark in a process of its own, so that none finds the memory and the compiled code of another.
 *
 * @throws BenchmarkFailure; the reason of `signal`
 */
export async function runBenchmark(options: BenchmarkProcess): Promise<readonly BenchResult[]> {
  const { root, name, args, quiet, silent = false, signal } = options;
  signal.throwIfAborted();
  const stdout = silent ? 'ignore' : quiet ? 2 : 'inherit';
  const child = fork(join(root, BENCHMARK_ENTRY), [name, ...args], {
    cwd: root,
    execArgv: [],
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  });
  const stop = () => child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  let results: readonly BenchResult[] | undefined;
  child.on('message', (message) => (results = message as readonly BenchResult[]));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (code !== 0 || results === undefined) throw new BenchmarkFailure(name, code === 0 ? 1 : (code ?? 1));
    return results;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
