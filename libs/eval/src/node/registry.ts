import { basename, dirname, resolve } from 'node:path';
import type { Asking, Benchmark } from '../benchmark.js';
import { chartqa } from '../chartqa.js';
import { docvqa } from '../docvqa.js';
import { EvalError } from '../errors.js';
import { magnifier } from '../magnifier.js';
import type { MetricName } from '../named-metrics.js';
import { pope } from '../pope.js';
import { refcoco } from '../refcoco.js';
import { rsvqa } from '../rsvqa.js';
import { textvqa } from '../textvqa.js';
import { vstar } from '../vstar.js';
import { importBenchmark } from './import-benchmark.js';
import { loadChartqa } from './load-chartqa.js';
import { loadDocvqa } from './load-docvqa.js';
import { jsonlBenchmark } from './load-jsonl.js';
import { loadMagnifier } from './load-magnifier.js';
import { loadPope } from './load-pope.js';
import { loadRefcoco } from './load-refcoco.js';
import { loadRsvqa } from './load-rsvqa.js';
import { loadTextvqa } from './load-textvqa.js';
import { loadVstar } from './load-vstar.js';

/** All benchmarks by name. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map(
  [
    { ...textvqa, load: loadTextvqa },
    { ...vstar, load: loadVstar },
    { ...magnifier, load: loadMagnifier },
    { ...rsvqa, load: loadRsvqa },
    { ...docvqa, load: loadDocvqa },
    { ...chartqa, load: loadChartqa },
    { ...pope, load: loadPope },
    { ...refcoco, load: loadRefcoco },
  ].map((benchmark): [string, Benchmark] => [benchmark.name, benchmark]),
);

/** Where a benchmark's files are, and how it is to be asked. */
export interface BenchmarkSetting {
  /** Its folder, or a JSON lines file of one's own. A relative one starts from the root, where one is given. */
  path: string;
  /** Default: the benchmark's first. */
  protocol?: string | undefined;
  /** Decides the order of lettered options; default 0; null: as in the file, the right one first. */
  shuffleSeed?: number | null | undefined;
  /** A module of one's own whose default export is a benchmark; relative to the root. */
  module?: string | undefined;
  /** How answers to a JSON lines file are scored. */
  metric?: MetricName | undefined;
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

/**
 * Looks names and protocols up, in the order given, and reads one's own: `BENCHMARK_UNKNOWN` or `PROTOCOL_UNKNOWN`, which
 * list the known ones; `BENCHMARK_INVALID`, also where two have the same name.
 */
export async function chooseBenchmarks({
  benchmarks: settings,
  root,
}: BenchmarkSettings): Promise<ChosenBenchmark[]> {
  const chosen: ChosenBenchmark[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const { protocol, shuffleSeed = 0, module, metric } = setting;
    const path = root === undefined ? setting.path : resolve(root, setting.path);
    const benchmark =
      module !== undefined
        ? await importBenchmark(resolve(root ?? '', module), name)
        : metric !== undefined
          ? jsonlBenchmark(name, metric, basename(path))
          : benchmarkNamed(name);
    if (chosen.some((one) => one.benchmark.name === benchmark.name)) {
      const hint = 'give each a name of its own';
      throw new EvalError('BENCHMARK_INVALID', `two benchmarks are named "${benchmark.name}"`, { hint });
    }
    const folder = module === undefined && metric !== undefined ? dirname(path) : path;
    chosen.push({ ...withProtocol(benchmark, protocol), folder, shuffleSeed });
  }
  return chosen;
}

/** A benchmark of the registry. Another name: `BENCHMARK_UNKNOWN`. */
function benchmarkNamed(name: string): Benchmark {
  const benchmark = benchmarks.get(name);
  if (benchmark !== undefined) return benchmark;
  throw new EvalError('BENCHMARK_UNKNOWN', `no benchmark is named "${name}"`, {
    hint: `choose of ${[...benchmarks.keys()].join(', ')}, or give your own a "module" or a "metric"`,
  });
}

/** The protocol, checked, and the benchmark with the number of items that it has under it. */
function withProtocol(benchmark: Benchmark, protocol = benchmark.protocols[0] ?? '') {
  if (!benchmark.protocols.includes(protocol)) {
    throw new EvalError('PROTOCOL_UNKNOWN', `"${benchmark.name}" has no protocol "${protocol}"`, {
      hint: `choose of ${benchmark.protocols.join(', ')}`,
    });
  }
  const { published } = benchmark;
  const items = published.protocolFiles?.[protocol]?.items;
  return {
    benchmark: items === undefined ? benchmark : { ...benchmark, published: { ...published, items } },
    protocol,
  };
}
