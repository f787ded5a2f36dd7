import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compileModel, loadModel } from '@flexattn/flexattn-runtime';
import sharp from 'sharp';
import { QUESTION, SECOND_QUESTION } from './questions.js';
import { SEVEN_BILLION, writeRandomCheckpoint } from './random-checkpoint.js';
import type { CheckpointSizes } from './random-checkpoint.js';
import type { BenchResult } from './result.js';

/** `npm run bench` runs from the root of the workspace. */
const PHOTO = resolve('libs/flexattn-runtime/golden/photos/chelsea.jpg');
const PHOTO_SIDE = 1008;
/** Weights of zeros select nothing by their attention: this share of the high-res tokens is selected instead. */
const SHARE = 0.2;

/** The whole, and one to try the command with. */
const SHAPES: Readonly<Record<string, CheckpointSizes>> = {
  '7b': SEVEN_BILLION,
  '1b': { ...SEVEN_BILLION, hidden: 2048, intermediate: 5504, layers: 22, heads: 16 },
};

/**
 * A model with the shapes of LLaVA-1.5-7B and CLIP-L/14-336 in int4 on a machine without a GPU: compiled from a sparse
 * F16 checkpoint, loaded, asked about a photograph. Prints the seconds of each step and the peak of the memory. Takes
 * 5 GB of disk and some minutes.
 *
 * @param args - `--shape 7b|1b`, `--precision int4|int8`, `--threads n`, `--tokens n`, `--scratch dir`
 */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shape: { type: 'string', default: '7b' },
      precision: { type: 'string', default: 'int4' },
      threads: { type: 'string', default: String(availableParallelism()) },
      tokens: { type: 'string', default: '8' },
      scratch: { type: 'string', default: tmpdir() },
    },
  });
  const sizes = SHAPES[values.shape];
  const precision = (['int4', 'int8'] as const).find((known) => known === values.precision);
  if (sizes === undefined || precision === undefined)
    throw new Error(`expected --shape 7b or 1b and --precision int4 or int8, got ${args.join(' ')}`);
  const scratch = await mkdtemp(join(values.scratch, 'flexattn-bench-'));
  try {
    const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${gigabytes(totalmem())} of memory`;
    console.log(`${machine}, ${values.threads} threads, shape ${values.shape}, ${precision}`);
    const [checkpoint, compiled] = [join(scratch, 'checkpoint'), join(scratch, 'compiled')];
    await writeRandomCheckpoint(checkpoint, sizes, { seed: 1, spread: 0, dtype: 'F16' });
    const stored = (await stat(join(checkpoint, 'model.safetensors'))).size;
    const begin = performance.now();
    const selected = { selection: 'centre', share: SHARE } as const;
    const { weightBytes } = await compileModel({ checkpoint, out: compiled, precision, ...selected });
    const lost = `${gigabytes(stored)} of F16 to ${gigabytes(weightBytes)}`;
    console.log(`compile: ${seconds(begin)}, ${lost}, peak memory ${peak()}`);
    await askTwice(compiled, join(scratch, 'photo.jpg'), Number(values.threads), Number(values.tokens));
    return [];
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function askTwice(dir: string, photo: string, threads: number, maxNewTokens: number): Promise<void> {
  await sharp(PHOTO).resize(PHOTO_SIDE, PHOTO_SIDE, { fit: 'inside' }).jpeg().toFile(photo);
  const loading = performance.now();
  const model = await loadModel(dir, { threads });
  console.log(`load (every file's sha256 included): ${seconds(loading)}`);
  for (const [name, prompt] of [
    ['first question', QUESTION],
    ['second question on the same picture', SECOND_QUESTION],
  ] as const) {
    const times: number[] = [];
    let last = performance.now();
    const onToken = () => {
      const now = performance.now();
      times.push((now - last) / 1000);
      last = now;
    };
    await model.generate({ image: photo, prompt, maxNewTokens, onToken });
    const [first = NaN, ...further] = times;
    const each = further.reduce((sum, time) => sum + time, 0) / further.length;
    const share = `${100 * SHARE} % of the high-res tokens selected`;
    console.log(`${name}: first token ${first.toFixed(2)} s, each further ${each.toFixed(2)} s (${share})`);
  }
  console.log(`peak memory of this process: ${peak()}`);
  await model.close();
}

function seconds(begin: number): string {
  return `${((performance.now() - begin) / 1000).toFixed(1)} s`;
}

/** Of this process since it began. */
function peak(): string {
  return gigabytes(process.resourceUsage().maxRSS * 1024);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
