import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '@flexattn/stage';
import { limitedResult, resultOf, type BenchResult } from './result.js';

/** What a conversion is measured on, and where. */
interface ConvertBenchOptions {
  /** Holds three times `bytes` while it runs. */
  folder: string;
  /** An interpreter with torch, which writes the checkpoint. */
  python: string;
  /** Bytes of the checkpoint; default 2 GB. */
  bytes?: number;
  /** Runs of each side; default 5. */
  rounds?: number;
}

/** What is promised: a share of the copy's speed, and bytes. */
const BOUNDS = { speed: 0.6, memory: 200e6 };

/** Seconds of each round, and the peak of our memory in it, bytes. */
interface ConvertBench {
  bytes: number;
  copy: number[];
  convert: number[];
  peakRss: number[];
}

const CONVERT = `
import { convertCheckpoint } from '@flexattn/model-prep';
const [checkpoint, out] = process.argv.slice(1);
await convertCheckpoint({ checkpoint, out });
console.log(process.resourceUsage().maxRSS * 1024);
`;

/**
 * Converts a checkpoint of PyTorch files, and copies the same files with dd (8 MiB at a time, fsync at the end), in
 * turn. Both read what the system has in memory and write to the disk. Linux.
 */
async function measureConvert(options: ConvertBenchOptions): Promise<ConvertBench> {
  const { folder, python, bytes = 2e9, rounds = 5 } = options;
  await mkdir(folder, { recursive: true });
  const root = await mkdtemp(join(folder, 'convert-'));
  try {
    const checkpoint = join(root, 'checkpoint');
    await mkdir(checkpoint);
    await runProgram(python, [join('tools', 'bench', 'pytorch_checkpoint.py'), checkpoint, String(bytes)]);
    const files = (await readdir(checkpoint)).filter((name) => name.endsWith('.bin'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(checkpoint, name))).size));
    const result: ConvertBench = {
      bytes: sizes.reduce((a, b) => a + b, 0),
      copy: [],
      convert: [],
      peakRss: [],
    };
    for (let round = 0; round < rounds; round++) {
      const out = join(root, 'out');
      result.copy.push(
        await seconds(async () => {
          await mkdir(out);
          for (const name of files) {
            const [from, to] = [join(checkpoint, name), join(out, name)];
            await runProgram('dd', [`if=${from}`, `of=${to}`, 'bs=8M', 'conv=fsync']);
          }
        }),
      );
      await rm(out, { recursive: true });
      result.convert.push(
        await seconds(async () => {
          const args = ['--input-type=module', '--eval', CONVERT, checkpoint, out];
          const { stdoutTail } = await runProgram(process.execPath, args);
          result.peakRss.push(Number(stdoutTail.at(-1)));
        }),
      );
      await rm(out, { recursive: true });
    }
    return result;
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Measures with `FLEXATTN_PYTHON` and prints medians, spreads, the ratio and the peak of memory. */
export async function benchConvert(): Promise<BenchResult[]> {
  const python = process.env['FLEXATTN_PYTHON'] ?? join('.flexattn', 'python', 'bin', 'python');
  const { bytes, copy, convert, peakRss } = await measureConvert({ folder: join('runs', 'bench'), python });
  const line = (name: string, times: readonly number[]): string => {
    const rate = bytes / 1e6 / median(times);
    const spread = `${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)} s`;
    return `${name.padEnd(18)}${median(times).toFixed(2)} s (${spread}, ${times.length} runs), ${rate.toFixed(0)} MB/s\n`;
  };
  process.stdout.write(
    `convert ${(bytes / 1e9).toFixed(2)} GB of PyTorch files\n${line('copy (dd, fsync)', copy)}${line('flexattn convert', convert)}` +
      `speed of a copy   ${((100 * median(copy)) / median(convert)).toFixed(0)} %\n` +
      `peak memory       ${(Math.max(...peakRss) / 1e6).toFixed(0)} MB\n`,
  );
  const work = `convert ${(bytes / 1e9).toFixed(1)} GB of PyTorch files`;
  return [
    resultOf({ work, ours: convert, baseline: copy, against: 'dd with fsync', bound: BOUNDS.speed }),
    limitedResult({ work: `${work}: peak memory`, unit: 'bytes', ours: peakRss, limit: BOUNDS.memory }),
  ];
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};
