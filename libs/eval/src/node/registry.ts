import { resolve } from 'node:path';
import type { Asking, Benchmark } from '../benchmark.js';
import { EvalError } from '../errors.js';
import { magnifier } from '../magnifier.js';
import { textvqa } from '../textvqa.js';
import { vstar } from '../vstar.js';
import { loadMagnifier } from './load-magnifier.js';
import { loadTextvqa } from './load-textvqa.js';
import { loadVstar } from './load-vstar.js';

/** All benchmarks by name. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map(
  [
    { ...textvqa, load: loadTextvqa },
    { ...vstar, load: loadVstar },
    { ...magnifier, load: loadMagnifier },
  ].map((benchmark): [string, Benchmark] => [benchmark.name, benchmark]),
);

/** Where a benchmark's files are, and how it is to be asked. */
export interface BenchmarkSetting {
  /** A relative one starts from the root, where one is given. */
  path: string;
  /** Default: the benchmark's first. */
  protocol?: string | undefined;
  /** Decides the order of lettered options (V*, `letters`); default 0; null: as in the file, the right one first. */
  shuffleSeed?: number | null | undefined;
}

/** What `writeItems` and `scoreAnswers` are told alike. */
export interface BenchmarkSettings {
  /** By name, in the order in which they are asked and shown. */
  benchmarks: Readonly<Record<string, BenchmarkSetting>>;
  /**
   * Relative benchmark paths start here, and picture files are named from here in items.jsonl: a copy of the items
   * elsewhere then stays valid. Default: the working directory, and the folder of items.jsonl.
   */
  root?: string | undefined;
}

/** A benchmark with its folder and protocol. */
export interface ChosenBenchmark extends Asking {
  benchmark: Benchmark;
  folder: string;
}

/** Looks names and protocols up, in the order given: `BENCHMARK_UNKNOWN` or `PROTOCOL_UNKNOWN`, which list the known ones. */
export function chooseBenchmarks({ benchmarks: settings, root }: BenchmarkSettings): ChosenBenchmark[] {
  return Object.entries(settings).map(([name, { path, protocol, shuffleSeed = 0 }]) => {
    const benchmark = benchmarks.get(name);
    if (benchmark === undefined) {
      throw new EvalError('BENCHMARK_UNKNOWN', `no benchmark is named "${name}"`, {
        hint: `choose of ${[...benchmarks.keys()].join(', ')}`,
      });
    }
    const chosen = protocol ?? benchmark.protocols[0] ?? '';
    if (!benchmark.protocols.includes(chosen)) {
      throw new EvalError('PROTOCOL_UNKNOWN', `"${name}" has no protocol "${chosen}"`, {
        hint: `choose of ${benchmark.protocols.join(', ')}`,
      });
    }
    const folder = root === undefined ? path : resolve(root, path);
    return { benchmark, folder, protocol: chosen, shuffleSeed };
  });
}
