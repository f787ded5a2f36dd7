import { Worker } from 'node:worker_threads';
import { FlexattnError } from '@flexattn/stage';
import { createRandom } from '../tiny/random.js';
import type { Random } from '../tiny/random.js';

/** How long to fuzz: until `count` inputs or `seconds` are over, whichever is first. */
export interface FuzzOptions {
  /** The same seed makes the same inputs in the same order. */
  seed: number;
  seconds: number;
  count: number;
}

/** A reader of untrusted bytes, and how to make bytes for it. */
export interface FuzzTarget {
  /** By kind; taken in turn. */
  kinds: Readonly<Record<string, (random: Random) => Uint8Array>>;
  /** Gives a value or throws one of our errors. A string is counted as an outcome of its own, beside the codes. */
  read(bytes: Uint8Array, kind: string): Promise<unknown>;
  /** Inputs after which the process has found its size; default 20,000. Fewer where an input takes a millisecond. */
  warmUp?: number;
  /** Lets go of the folder or server that it reads from. */
  close?(): Promise<void>;
}

/** What became of the inputs: how many a kind were read, and refused by code. */
export type FuzzOutcome = Map<string, Map<string, number>>;

/** Bytes that the process may grow by while it reads small inputs; checked every so many of them. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
const CHECK_EVERY = 256;
/** Inputs after which the collector has found its pace and growth is counted from. */
const WARM_UP = 20_000;
/** Milliseconds of the processor for one input of a few kB; of the clock, without any progress at all. */
const MAX_INPUT_MS = 1000;
const HANG_MS = 30_000;

/**
 * Feeds inputs to the reader: each must give a value or one of our errors, within a second of work and without growing
 * the process by 64 MB. A hang ends the process and names the input.
 *
 * @throws Error that names the input: `--seed SEED --count NUMBER` ends with it
 */
export async function fuzzTarget(target: FuzzTarget, options: FuzzOptions): Promise<FuzzOutcome> {
  const { seed, seconds, count } = options;
  const { warmUp = WARM_UP } = target;
  const kinds = Object.entries(target.kinds);
  const outcome: FuzzOutcome = new Map();
  const progress = new BigInt64Array(new SharedArrayBuffer(8));
  const watchdog = watch(progress, seed);
  const deadline = performance.now() + seconds * 1000;
  let before = 0;
  try {
    for (let number = 0; number < count && performance.now() < deadline; number++) {
      Atomics.store(progress, 0, BigInt(number));
      const [kind, make] = kinds[number % kinds.length] ?? [];
      if (kind === undefined || make === undefined) break;
      const code = await feed(
        target,
        make(createRandom(seed, `${kind} ${number}`)),
        kind,
        `seed ${seed}, input ${kind} ${number}`,
      );
      const codes = outcome.get(kind) ?? new Map<string, number>();
      outcome.set(kind, codes.set(code, (codes.get(code) ?? 0) + 1));
      if (number % CHECK_EVERY !== 0) continue;
      const now = process.memoryUsage.rss();
      if (number < warmUp) before = Math.max(before, now);
      if (now - before > MAX_GROWTH_BYTES && before > 0) {
        throw new Error(`seed ${seed}: the process grew by ${now - before} bytes up to input ${number}`);
      }
    }
    return outcome;
  } finally {
    await watchdog.terminate();
    await target.close?.();
  }
}

/** The code of the refusal, or what the value is called: `read` where it has no name. */
async function feed(target: FuzzTarget, bytes: Uint8Array, kind: string, name: string): Promise<string> {
  const start = process.cpuUsage();
  let code = 'read';
  try {
    const value = await target.read(bytes, kind);
    if (typeof value === 'string') code = value;
  } catch (cause) {
    if (!(cause instanceof FlexattnError)) throw new Error(`${name}: ${String(cause)}`, { cause });
    code = String(cause.code);
  }
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  if (took > MAX_INPUT_MS) throw new Error(`${name}: ${took.toFixed(0)} ms`);
  return code;
}

/** A thread of its own sees a hang of this one. */
function watch(progress: BigInt64Array, seed: number): Worker {
  const code = `
    const { workerData: { progress, seed, hangMs } } = require('node:worker_threads');
    let last = -1n;
    setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now === last) {
        require('node:fs').writeSync(2, 'seed ' + seed + ': no end of input ' + now + '\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      last = now;
    }, hangMs);`;
  const worker = new Worker(code, { eval: true, workerData: { progress, seed, hangMs: HANG_MS } });
  worker.unref();
  return worker;
}

/** A table for a terminal: a line a kind. */
export function outcomeText(outcome: FuzzOutcome): string {
  const lines = [...outcome].map(([kind, codes]) => {
    const counts = [...codes].sort(([, a], [, b]) => b - a).map(([code, n]) => `${n} ${code}`);
    return `${kind}: ${counts.join(', ')}\n`;
  });
  return lines.join('');
}
