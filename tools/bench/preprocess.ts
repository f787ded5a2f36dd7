import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { pixelValuesOfBands, readImage, tileValuesOf } from '@flexattn/flexattn-runtime';
import sharp from 'sharp';
import { median } from './medians.js';
import { resultOf, type BenchResult } from './result.js';

/** `npm run bench` runs from the root of the workspace. */
const BASELINE = resolve('tools/bench/preprocess_baseline.py');
const PHOTO = resolve('libs/flexattn-runtime/golden/photos/chelsea.jpg');
const [WIDTH, HEIGHT] = [4000, 3000];
const SIZES = { lowresSize: 336, highresSize: 1008, zoom: 3 };
/** Both sides get faster in the first few runs: code is compiled, memory is fetched from the system. */
const WARM_UPS = 5;
/** What the ratio must reach. */
const TIMES_AS_FAST = 2;

/** Of one run: seconds on the clock, seconds of the processor, what each step took. */
interface Run {
  seconds: number;
  cpu: number;
  steps: Record<string, number>;
  sha256: string;
}

/**
 * A JPEG of 4000 x 3000 pixels to both inputs of the vision tower, from its path: Pillow and torch against this runtime,
 * taking turns, the same number of threads allowed to both. Prints medians, spreads, ratios and the steps.
 *
 * @param args - `--python <path>` (with torch, numpy, pillow), `--threads n`, `--repeat n`
 */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: 'string', default: process.env['FLEXATTN_PYTHON'] ?? 'python3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      repeat: { type: 'string', default: '15' },
    },
  });
  const scratch = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  const child = spawn(values.python, [BASELINE, values.threads], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  try {
    const photo = join(scratch, 'photo.jpg');
    await writePhoto(photo);
    await lines.next();
    const [theirs, ours]: [Run[], Run[]] = [[], []];
    for (let i = 0; i < WARM_UPS + Number(values.repeat); i++) {
      child.stdin.write(`${photo}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the baseline ended early');
      theirs.push(JSON.parse(line.value) as Run);
      ours.push(await runOurs(photo));
    }
    return report(theirs.slice(WARM_UPS), ours.slice(WARM_UPS), values.threads);
  } finally {
    const closed = once(child, 'close');
    child.stdin.end();
    await closed;
    await rm(scratch, { recursive: true });
  }
}

/** A photograph enlarged, with the grain of a sensor: as many details to decode as a camera's. */
async function writePhoto(file: string): Promise<void> {
  const enlarged = await sharp(PHOTO).resize(WIDTH, HEIGHT, { fit: 'fill' }).removeAlpha().raw().toBuffer();
  let state = 1;
  for (let at = 0; at < enlarged.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    enlarged[at] = Math.max(0, Math.min(255, (enlarged[at] ?? 0) + (((state >>> 24) - 128) >> 4)));
  }
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  await writeFile(file, await sharp(enlarged, { raw }).jpeg({ quality: 90 }).toBuffer());
}

async function runOurs(photo: string): Promise<Run> {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  const steps: Record<string, number> = {};
  let last = begin;
  const lap = (name: string) => {
    const now = performance.now();
    steps[name] = (now - last) / 1000;
    last = now;
  };
  const image = await readImage(photo);
  lap('read');
  const picture = await image.bands();
  const first = await picture.bands[0];
  lap('first band and hash');
  if (first === undefined) throw new Error('a picture without bands');
  const { square } = await pixelValuesOfBands(picture, SIZES);
  lap('other bands, pad, resize, normalise, low-res input');
  for (let tile = 0; tile < SIZES.zoom ** 2; tile++) tileValuesOf(square, SIZES, tile);
  lap('tiles');
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const sha256 = createHash('sha256').update(square.data).digest('hex');
  return { seconds, cpu: (user + system) / 1e6, steps, sha256 };
}

function report(theirs: readonly Run[], ours: readonly Run[], threads: string): BenchResult[] {
  const model = cpus()[0]?.model ?? 'unknown processor';
  console.log(`${model}, ${threads} threads, ${ours.length} repetitions, JPEG of ${WIDTH} x ${HEIGHT}`);
  console.log(`same high-res pixels: ${theirs[0]?.sha256 === ours[0]?.sha256}`);
  for (const [name, of] of [
    ['clock', (run: Run) => run.seconds],
    ['processor (user and system)', (run: Run) => run.cpu],
  ] as const) {
    const [their, our] = [theirs.map(of), ours.map(of)];
    const ratio = (median(our) / median(their)).toFixed(2);
    console.log(`${name.padEnd(28)} Pillow + torch ${span(their)}   this runtime ${span(our)}   ${ratio}`);
  }
  for (const [name, runs] of [
    ['Pillow + torch', theirs],
    ['this runtime', ours],
  ] as const) {
    const steps = Object.keys(runs[0]?.steps ?? {});
    const each = steps.map(
      (step) => `${step} ${milliseconds(median(runs.map((run) => run.steps[step] ?? NaN)))}`,
    );
    console.log(`${name}: ${each.join(', ')}`);
  }
  const seconds = (runs: readonly Run[]) => runs.map((run) => run.seconds);
  const work = `JPEG of ${WIDTH} x ${HEIGHT} to the vision tower's inputs`;
  const measured = { work, ours: seconds(ours), baseline: seconds(theirs), against: 'Pillow + torch' };
  return [resultOf({ ...measured, bound: TIMES_AS_FAST })];
}

function span(times: readonly number[]): string {
  return `${milliseconds(median(times))} (${milliseconds(Math.min(...times))} to ${milliseconds(Math.max(...times))})`;
}

const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)} ms`;
