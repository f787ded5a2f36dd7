import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MINI, writeRandomCheckpoint } from './random-checkpoint.js';
import { resultOf, type BenchResult } from './result.js';
import { benchSettings, median, PHOTOS, TrainerProcess, writeSamples } from './train-process.js';
import type { Step } from './train-process.js';
import { benchSevenBillion } from './train-seven-billion.js';

/** Steps that are not counted: each picture goes through the vision tower once, memory grows to its size. */
const WARM_UP = 2;
/** Largest difference of the two sides' losses, relative: float32 sums in another order, through the optimiser. */
const SAME_LOSS = 1e-3;
/** What this benchmark holds the trainer to. */
const BOUNDS = { time: 2, memory: 0.6 };

type Sides = Record<'published' | 'ours', Step[]>;

/**
 * A training step with the attention of the published code against ours, in the same trainer on the same weights and
 * samples, taking turns step by step: medians and spreads of wall-clock and CPU seconds, peak memory of each process,
 * the losses of both, and how long the miniature's data are waited for. `--device cuda` measures steps of
 * LLaVA-1.5-7B's shapes instead.
 *
 * @param args - `--python <path>` (with torch, safetensors, pillow), `--threads n`, `--repeat n`, `--device cpu|cuda`
 */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: 'string', default: process.env['FLEXATTN_PYTHON'] ?? 'python3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      repeat: { type: 'string', default: '5' },
      device: { type: 'string', default: 'cpu' },
    },
  });
  const { python } = values;
  const [threads, repeat] = [Number(values.threads), Number(values.repeat)];
  const scratch = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  try {
    if (values.device === 'cuda') {
      await benchSevenBillion(python, scratch, repeat);
      return [];
    }
    console.log(
      `${cpus()[0]?.model ?? 'unknown processor'}, ${threads} threads, ${repeat} steps of each side`,
    );
    const results = compare(await takeTurns(python, scratch, threads, WARM_UP + repeat));
    await profileMiniature(python, scratch, threads);
    return results;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Both sides are loaded, of which one works and the other waits; the one that begins changes at every step. */
async function takeTurns(python: string, scratch: string, threads: number, count: number): Promise<Sides> {
  const [checkpoint, data] = [join(scratch, 'base'), join(scratch, 'data')];
  await writeRandomCheckpoint(checkpoint, MINI, { seed: 1, spread: 0.04 });
  const settings = benchSettings({ threads, steps: count });
  await writeSamples(data, count * settings.batchSize);
  const start = (attention: keyof Sides) =>
    new TrainerProcess({
      ...{ python, attention, checkpoint, data, images: PHOTOS, settings, out: join(scratch, attention) },
    });
  const sides = { published: start('published'), ours: start('ours') };
  const steps: Sides = { published: [], ours: [] };
  try {
    for (const side of Object.values(sides)) await side.started();
    for (let step = 0; step < count; step++) {
      const order: (keyof Sides)[] = step % 2 === 0 ? ['published', 'ours'] : ['ours', 'published'];
      for (const side of order) steps[side].push(await sides[side].step());
    }
  } finally {
    for (const side of Object.values(sides)) await side.end();
  }
  return steps;
}

function compare(sides: Sides): BenchResult[] {
  const counted = { published: sides.published.slice(WARM_UP), ours: sides.ours.slice(WARM_UP) };
  const time = row('step', counted, ({ seconds }) => seconds);
  row('CPU of a step', counted, ({ cpuSeconds }) => cpuSeconds);
  const peak = (steps: Step[]) => Math.round((steps.at(-1)?.peakRss ?? NaN) / 1e6);
  const [theirs, ours] = [peak(sides.published), peak(sides.ours)];
  const memory = ours / theirs;
  console.log(
    `${'peak memory'.padEnd(14)} published ${theirs} MB   ours ${ours} MB   ${memory.toFixed(2)} x`,
  );
  const share = median(counted.ours.map(({ selectedShare = NaN }) => selectedShare));
  console.log(`selected: ${(100 * share).toFixed(0)} % of the regions`);
  const losses = sides.ours.map(({ loss }) => loss);
  const apart = Math.max(...losses.map((loss, i) => Math.abs(loss / (sides.published[i]?.loss ?? NaN) - 1)));
  console.log(
    `losses: ${losses.map((loss) => loss.toFixed(4)).join(' ')}; at most ${apart.toExponential(0)} apart`,
  );
  const reached = time >= BOUNDS.time && memory <= BOUNDS.memory ? 'reached' : 'MISSED';
  console.log(`bounds: step >= ${BOUNDS.time} x, memory <= ${BOUNDS.memory} x: ${reached}`);
  if (!(apart <= SAME_LOSS)) throw new Error(`the two sides compute different losses: ${apart} apart`);
  const against = 'published attention';
  const seconds = (steps: Step[]) => steps.map((step) => step.seconds);
  const peaks = (steps: Step[]) => [steps.at(-1)?.peakRss ?? NaN];
  return [
    resultOf({
      ...{ work: 'training step', against, bound: BOUNDS.time },
      ...{ ours: seconds(counted.ours), baseline: seconds(counted.published) },
    }),
    resultOf({
      ...{ work: 'training step: peak memory', unit: 'bytes', against, bound: 1 / BOUNDS.memory },
      ...{ ours: peaks(sides.ours), baseline: peaks(sides.published) },
    }),
  ];
}

/** Prints medians, spreads and the ratio of the medians, which it gives. */
function row(name: string, { published, ours }: Sides, of: (step: Step) => number): number {
  const span = (values: number[]) =>
    `${median(values).toFixed(2)} s (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
  const [theirs, mine] = [published.map(of), ours.map(of)];
  const ratio = median(theirs) / median(mine);
  console.log(`${name.padEnd(14)} published ${span(theirs)}   ours ${span(mine)}   ${ratio.toFixed(2)} x`);
  return ratio;
}

/** How long a step of the default run waits for its pictures: while every picture is new, and later. */
async function profileMiniature(python: string, scratch: string, threads: number): Promise<void> {
  const [checkpoint, data] = ['runs/tiny/init', 'runs/tiny/tokens'];
  if (!existsSync(checkpoint) || !existsSync(data)) {
    console.log('the miniature is not there to be profiled: npx nx run train:train');
    return;
  }
  const images = 'tools/tiny/world/data/images';
  const settings = benchSettings({
    ...{ threads, steps: 60, batchSize: 32, microBatchSize: 32, learningRate: 1e-3, warmupSteps: 20 },
  });
  const out = join(scratch, 'miniature');
  const trainer = new TrainerProcess({ python, attention: 'ours', checkpoint, data, images, settings, out });
  try {
    await trainer.started();
    const steps: Step[] = [];
    while (steps.length < settings.steps) steps.push(await trainer.step());
    const share = (some: Step[]) => {
      const sum = (of: (step: Step) => number) => some.reduce((total, step) => total + of(step), 0);
      const waited = (100 * sum(({ waitingSeconds }) => waitingSeconds)) / sum(({ seconds }) => seconds);
      return `${waited.toFixed(1)} % of ${median(some.map(({ seconds }) => seconds)).toFixed(2)} s`;
    };
    const [first, last] = [share(steps.slice(0, 20)), share(steps.slice(-20))];
    console.log(`the miniature waits for pictures ${first} in each of steps 1 to 20, ${last} in 41 to 60`);
  } finally {
    await trainer.end();
  }
}
