import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { printShuffleMemory } from './data-prep-memory.js';
import { makeWorld } from './data-prep-world.js';
import { resultOf, type BenchResult } from './result.js';

/** The repository, from this file or from what it is compiled to. */
const ROOT = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url),
);
const BASELINE = join(ROOT, 'tools/bench/clean_baseline.py');

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
  const out = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  try {
    for (const count of samples) {
      const { annotations, images } = await makeWorld(folder, seed, count);
      const clean = (verify: string) => {
        const options = JSON.stringify({ annotations, images, out: join(out, verify), verify });
        return measure(process.execPath, ['--input-type=module', '--eval', CLEAN, options]);
      };
      const sides = {
        'python script': () => measure(python, [BASELINE, annotations, images, join(out, 'python.json')]),
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
    }
    return results;
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

/** Each way to check pictures against the usual script, in time and memory. */
function resultsOf(count: number, measured: ReadonlyMap<string, readonly Measured[]>): BenchResult[] {
  const against = 'python script';
  const of = (name: string, key: keyof Measured, scale = 1) =>
    (measured.get(name) ?? []).map((one) => scale * one[key]);
  return ['exists', 'header'].flatMap((name) => {
    const work = `clean ${count} samples, verify ${name}`;
    const memory = { work: `${work}: peak memory`, unit: 'bytes', against } as const;
    const [ours, baseline] = [of(name, 'megabytes', 2 ** 20), of(against, 'megabytes', 2 ** 20)];
    return [
      resultOf({ work, against, ours: of(name, 'seconds'), baseline: of(against, 'seconds') }),
      resultOf({ ...memory, ours, baseline }),
    ];
  });
}

function tableOf(count: number, measured: ReadonlyMap<string, readonly Measured[]>): string {
  const medians = new Map(
    [...measured].map(([name, runs]) => [name, medianOf(runs.map(({ seconds }) => seconds))]),
  );
  const base = medians.get('python script') ?? Number.NaN;
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
