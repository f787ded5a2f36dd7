import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { printShuffleMemory } from './data-prep-memory.js';
import { makeWorld } from './data-prep-world.js';
import { limitedResult, resultOf, type BenchResult } from './result.js';

/** The repository, from this file or from what it is compiled to. */
const ROOT = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url),
);
const BASELINE = join(ROOT, 'tools/bench/clean_baseline.py');

/** The name of its side. */
const PYTHON = 'python script';

/** What is promised: how many times as fast as the script level `exists` is at least, and the most memory. */
const LEAST_SPEEDUP = 8;
const MOST_BYTES = 150 * 2 ** 20;

/** And the most time: of level `header` in that of `exists`, of a sample of a large file in that of one of a small one. */
const MOST_HEADER = 1.6;
const MOST_GROWTH = 1.2;

/**
 * Cleans in a process of its own, and prints its peak memory in kB: from Linux's own account, because the one of
 * `resourceUsage` starts with what the process had that started this one.
 */
const CLEAN = `
import { existsSync, readFileSync } from 'node:fs';
import { cleanDataset } from '@flexattn/data-prep';
await cleanDataset({ ...JSON.parse(process.argv[1]), quiet: true });
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const peak = /VmHWM:\\s+(\\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
console.log(JSON.stringify({ peakKilobytes: Number(peak) }));
`;

/** Settings of the benchmark. */
export interface BenchOptions {
  /** Samples of each file that is cleaned. */
  samples: readonly number[];
  /** Runs of each side, which take turns. */
  runs: number;
  seed: number;
  /** The Python that runs the usual script. */
  python: string;
  /** Where the data is, or is written: 210 MB for 133,000 samples, 1 GB for 665,298, and 91,000 small files. */
  folder: string;
}

/** One run of a program: seconds of the whole process, and its peak memory. */
interface Measured {
  seconds: number;
  megabytes: number;
}

/** Both sides on the same data, in turns; what they print is a table of medians with their spread. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const { samples, runs, seed, python, folder } = options;
  const results: BenchResult[] = [];
  const all = new Map<number, Sides>();
  const out = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  try {
    for (const count of samples) {
      const { annotations, images } = await makeWorld(folder, seed, count);
      const clean = (verify: string) =>
        inFreshFolder(out, (fresh) => {
          const options = JSON.stringify({ annotations, images, out: fresh, verify });
          return measure(process.execPath, ['--input-type=module', '--eval', CLEAN, options]);
        });
      const sides = {
        [PYTHON]: () =>
          inFreshFolder(out, (fresh) =>
            measure(python, [BASELINE, annotations, images, join(fresh, 'annotations.json')]),
          ),
        exists: () => clean('exists'),
        header: () => clean('header'),
      };
      await clean('header'); // warms the file cache
      const measured = new Map<string, Measured[]>(Object.keys(sides).map((name) => [name, []]));
      for (let i = 0; i < runs; i += 1) {
        for (const [name, side] of Object.entries(sides)) measured.get(name)?.push(await side());
      }
      process.stdout.write(tableOf(count, measured));
      results.push(...resultsOf(count, measured));
      all.set(count, measured);
    }
    return [...results, ...growthOf(all)];
  } finally {
    await rm(out, { recursive: true });
  }
}

/**
 * `npm run bench -- data-prep [--samples 133000,665298] [--runs 5] [--seed 1] [--python python3] [--folder DIR]`, or
 * `npm run bench -- data-prep --shuffle-memory [--samples 20000000]` for the memory of shuffling and removing duplicates.
 */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      samples: { type: 'string' },
      'shuffle-memory': { type: 'boolean', default: false },
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      python: { type: 'string', default: process.env['FLEXATTN_PYTHON'] ?? 'python3' },
      folder: { type: 'string', default: join(tmpdir(), 'flexattn-bench-data-prep') },
    },
  });
  const { runs, seed, python, folder } = values;
  const onlyMemory = values['shuffle-memory'];
  const samples = (values.samples ?? (onlyMemory ? '20000000' : '133000,665298')).split(',').map(Number);
  if (onlyMemory) {
    const lib = pathToFileURL(join(ROOT, 'libs/data-prep/dist/'));
    await printShuffleMemory(lib.href, samples);
    return [];
  }
  return run({
    samples,
    runs: Number(runs),
    seed: Number(seed),
    python,
    folder,
  });
}

/** Replacing the output of an earlier run would cost the time of removing it; that of `work` is removed untimed. */
async function inFreshFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'run-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(program: string, args: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  await once(child, 'close');
  const seconds = (performance.now() - start) / 1000;
  const peak = /"peakKilobytes": ?(\d+)/.exec(text)?.[1];
  if (child.exitCode !== 0 || peak === undefined)
    throw new Error(`${program} ${args.join(' ')} failed: ${text}`);
  return { seconds, megabytes: Number(peak) / 1024 };
}

/** Seconds and bytes of each side, by its name. */
type Sides = ReadonlyMap<string, readonly Measured[]>;

/** Each way to check pictures against the usual script, the limit of memory, and the other way. */
function resultsOf(count: number, measured: Sides): BenchResult[] {
  const script = secondsOf(measured, PYTHON);
  const levels = ['exists', 'header'].flatMap((name) => {
    const work = `clean ${count} samples, verify ${name}`;
    const memory = { work: `${work}: peak memory`, unit: 'bytes', ours: bytesOf(measured, name) } as const;
    const promise = name === 'exists' ? { bound: LEAST_SPEEDUP } : {};
    return [
      resultOf({ work, against: PYTHON, ours: secondsOf(measured, name), baseline: script, ...promise }),
      resultOf({ ...memory, against: PYTHON, baseline: bytesOf(measured, PYTHON) }),
      limitedResult({ ...memory, limit: MOST_BYTES }),
    ];
  });
  const header = {
    work: `clean ${count} samples, verify header`,
    against: 'exists',
    ours: secondsOf(measured, 'header'),
    baseline: secondsOf(measured, 'exists'),
  };
  return [...levels, resultOf({ ...header, bound: 1 / MOST_HEADER })];
}

/** The time a sample of each larger file against that of the first. */
function growthOf(all: ReadonlyMap<number, Sides>): BenchResult[] {
  const [first, ...larger] = [...all].map(([count, measured]) => ({
    count,
    each: secondsOf(measured, 'exists').map((seconds) => seconds / count),
  }));
  if (first === undefined) return [];
  return larger.map(({ count, each }) =>
    resultOf({
      work: `one of ${count} samples, verify exists`,
      against: `one of ${first.count}`,
      ours: each,
      baseline: first.each,
      bound: 1 / MOST_GROWTH,
    }),
  );
}

function secondsOf(measured: Sides, name: string): number[] {
  return (measured.get(name) ?? []).map(({ seconds }) => seconds);
}

function bytesOf(measured: Sides, name: string): number[] {
  return (measured.get(name) ?? []).map(({ megabytes }) => megabytes * 2 ** 20);
}

function tableOf(count: number, measured: Sides): string {
  const medians = new Map(
    [...measured].map(([name, runs]) => [name, medianOf(runs.map(({ seconds }) => seconds))]),
  );
  const base = medians.get(PYTHON) ?? Number.NaN;
  const rows = [...measured].map(([name, runs]) => {
    const seconds = runs.map((one) => one.seconds).sort((a, b) => a - b);
    const median = medians.get(name) ?? Number.NaN;
    const spread = `${(seconds[0] ?? 0).toFixed(2)}-${(seconds.at(-1) ?? 0).toFixed(2)}`;
    const peak = Math.max(...runs.map(({ megabytes }) => megabytes)).toFixed(0);
    const each = ((median / count) * 1e6).toFixed(1);
    return `${name.padEnd(14)}${median.toFixed(2).padStart(8)}${spread.padStart(14)}${each.padStart(10)}${peak.padStart(8)}${(base / median).toFixed(1).padStart(8)}`;
  });
  const ratio = (medians.get('header') ?? Number.NaN) / (medians.get('exists') ?? Number.NaN);
  return [
    `${count} samples          s        spread  us each    MB   times faster`,
    ...rows,
    `header takes ${ratio.toFixed(2)} times as long as exists\n\n`,
  ].join('\n');
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
