import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, span } from './medians.js';
import { limitedResult, type BenchResult } from './result.js';

/** The repository, from this file or from what it is compiled to. */
const ROOT = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url),
);
const WORLD = join(ROOT, 'tools/tiny/world');
const NX = join(ROOT, 'node_modules/.bin/nx');

/** Pictures that are trained on; the others only lie beside them. */
const SAMPLES = 12;
const FILES_PER_FOLDER = 1000;

/** The name of the run, and so of its folder in `runs/`. */
const RUN = 'bench-cache';

/** Settings of the benchmark. */
export interface CacheBenchOptions {
  /** Files in the folder of pictures. */
  files: number;
  /** Runs of each side, which take turns. */
  runs: number;
}

/** Seconds of `nx run pipeline:all` where every stage is cached, and of an Nx run of one cached task, in turns. */
export async function run({ files, runs }: CacheBenchOptions): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'flexattn-bench-cache-'));
  try {
    await makePictures(join(folder, 'images'), files);
    const env = { FLEXATTN_CONFIG: await writeRun(folder) };
    const all = () => secondsOf(['run', 'pipeline:all'], env);
    const empty = () => secondsOf(['run', 'flexattn:build'], env);
    console.log(`nx run pipeline:all, uncached, ${files} files: ${(await all()).toFixed(1)} s`);
    await all();
    const times = { empty: [] as number[], all: [] as number[] };
    for (let i = 0; i < runs; i++) {
      times.empty.push(await empty());
      times.all.push(await all());
    }
    const over = times.all.map((seconds, i) => seconds - (times.empty[i] ?? NaN));
    console.log(`nx run of one cached task: ${span(times.empty)}`);
    console.log(`nx run pipeline:all, all cached: ${span(times.all)}`);
    console.log(`over it, by pairs: ${span(over)}; median ${median(over).toFixed(2)} s of 2 s`);
    const work = `nx run pipeline:all, all cached, over one cached task (${files} files)`;
    return [limitedResult({ work, ours: over, limit: 2 })];
  } finally {
    for (const left of [folder, join(ROOT, 'runs', RUN), join(ROOT, '.flexattn/ran', RUN)])
      await rm(left, { recursive: true, force: true });
  }
}

/** A dozen real pictures, and files that no annotation names. */
async function makePictures(images: string, files: number): Promise<void> {
  await mkdir(images);
  for (const name of await pictureNames()) await copyFile(join(picturesOfWorld, name), join(images, name));
  for (let i = SAMPLES; i < files; i++) {
    const folder = join(images, `more-${Math.floor(i / FILES_PER_FOLDER)}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${i}.jpg`), `file ${i}`);
  }
}

const picturesOfWorld = join(WORLD, 'benchmarks/textvqa/train_images');

async function pictureNames(): Promise<string[]> {
  return (await readdir(picturesOfWorld)).sort().slice(0, SAMPLES);
}

/** The miniature with two training steps and one benchmark; gives its path. */
async function writeRun(folder: string): Promise<string> {
  const samples = (await pictureNames()).map((image, id) => ({
    id: String(id),
    image,
    conversations: [
      { from: 'human', value: '<image>\nWhich way do the stripes run?' },
      { from: 'gpt', value: 'horizontal' },
    ],
  }));
  await writeFile(join(folder, 'annotations.json'), JSON.stringify(samples));
  const tiny = JSON.parse(await readFile(join(ROOT, 'configs/tiny.json'), 'utf8')) as {
    train: object;
    eval: object;
  };
  const config = {
    ...tiny,
    data: { annotations: join(folder, 'annotations.json'), images: join(folder, 'images') },
    models: [{ name: 'flexattn', trained: true, selection: 'attention' }],
    train: { ...tiny.train, steps: 2, batchSize: 4, microBatchSize: 4, warmupSteps: 1 },
    eval: { ...tiny.eval, benchmarks: { magnifier: { path: join(WORLD, 'benchmarks/magnifier') } } },
  };
  const file = join(folder, `${RUN}.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}

/** Seconds of the whole process. */
async function secondsOf(args: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now();
  const child = spawn(NX, args, {
    cwd: ROOT,
    env: { ...process.env, NX_DAEMON: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`nx ${args.join(' ')} ended with ${code}: ${printed}`);
  return (performance.now() - began) / 1000;
}

/** `npm run bench -- cache [--files 100000] [--runs 5]` */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: 'string', default: String(SAMPLES) },
      runs: { type: 'string', default: '5' },
    },
  });
  return run({ files: Number(values.files), runs: Number(values.runs) });
}
