import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint, toFloat32 } from '@flexattn/model-prep';
import { sha256File } from '@flexattn/stage';
import type { tinySettings } from '../settings.fixture.js';
import { TIMEOUT, TrainerWorld } from './trainer.fixture.js';
import { train } from './train.js';

const world = new TrainerWorld();
beforeAll(() => world.make());
afterAll(() => world.remove());

type Settings = Partial<typeof tinySettings>;
const at = (...names: string[]) => join(world.folder, ...names);
const weights = (out: string) => sha256File(at(out, 'model.safetensors'));

/** Trains with states, is killed after `steps` steps, and goes on with `more` settings; `kept`: the states it left. */
async function interrupted(out: string, settings: Settings, steps: number, more: Settings = {}) {
  const stop = new AbortController();
  const options = { ...world.options(out, { ...settings, saveEverySteps: 1 }), states: at(`${out}.states`) };
  let seen = 0;
  const first = train({ ...options, signal: stop.signal, onStep: () => ++seen > steps && stop.abort() });
  await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const [run = ''] = await readdir(options.states);
  const kept = await readdir(join(options.states, run));
  let again = 0;
  const report = await train({
    ...options,
    settings: { ...options.settings, ...more },
    onStep: () => void (again += 1),
  });
  return { report, again, kept };
}

describe('a run that was killed', () => {
  it(
    'goes on from its last state to the same bytes, and leaves no state behind',
    async () => {
      const settings = { steps: 6 };
      await train(world.options('whole', settings));
      const { report, again, kept } = await interrupted('resumed', { ...settings, keepStates: 2 }, 3);
      expect(again).toBeLessThan(6);
      const [last, ...older] = kept.filter((name) => !name.endsWith('.partial')).reverse();
      expect(older).toHaveLength(1);
      expect(Number(last?.slice('step-'.length))).toBe(6 - again);
      expect(report.steps).toBe(6);
      expect(await weights('resumed')).toBe(await weights('whole'));
      const metrics = (out: string) => readFile(at(out, 'metrics.jsonl'), 'utf8');
      expect(await metrics('resumed')).toBe(await metrics('whole'));
      expect(await readdir(at('resumed.states'))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'has the losses of two processes that were not',
    async () => {
      const settings: Settings = { steps: 6, microBatchSize: 1, processes: 2 };
      await train(world.options('two-whole', settings));
      const { again } = await interrupted('two-resumed', settings, 2);
      expect(again).toBeLessThan(6);
      const [whole, resumed] = [await world.lossesOf('two-whole'), await world.lossesOf('two-resumed')];
      // 1e-6: gloo may add the two processes' sums in another order
      for (const [i, loss] of whole.entries())
        expect(Math.abs((resumed[i] ?? NaN) - loss)).toBeLessThan(1e-6);
    },
    TIMEOUT,
  );

  it(
    'goes on with another number of processes, spread over them or not',
    async () => {
      const settings: Settings = { steps: 12, microBatchSize: 1 };
      await train(world.options('one', settings));
      const { again } = await interrupted('two', { ...settings, processes: 2, sharding: 'full' }, 2, {
        processes: 1,
      });
      expect(again).toBeLessThan(12);
      const [one, two] = [await world.lossesOf('one'), await world.lossesOf('two')];
      // 1e-4: float32 sums in another order, through the optimiser
      for (const [i, loss] of one.entries()) expect(two[i]).toBeCloseTo(loss, 4);
    },
    TIMEOUT,
  );
});

describe('a model spread over two processes', () => {
  it(
    'learns what one process learns, and writes one checkpoint of the same layout',
    async () => {
      const settings: Settings = { microBatchSize: 1, activationCheckpointing: true };
      await train(world.options('alone', settings));
      await train(world.options('spread', { ...settings, processes: 2, sharding: 'full' }));
      const [alone, spread] = [await openCheckpoint(at('alone')), await openCheckpoint(at('spread'))];
      expect([...spread.tensors.keys()].sort()).toEqual([...alone.tensors.keys()].sort());
      let largest = 0;
      for (const name of alone.tensors.keys()) {
        const [a, b] = [toFloat32(await alone.read(name)), toFloat32(await spread.read(name))];
        a.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - (b[i] ?? NaN)))));
      }
      // AdamW hides the scale of a gradient: its norm before clipping tells that it is that of the whole model. 1e-3: of sums.
      const norms = await Promise.all(['alone', 'spread'].map((out) => world.metricsOf(out)));
      const [one, two] = norms.map((metrics) => metrics.map(({ gradNorm }) => gradNorm));
      for (const [i, norm] of one?.entries() ?? []) expect((two?.[i] ?? NaN) / norm).toBeCloseTo(1, 3);
      expect(one).toHaveLength(3);
      // Three steps of AdamW move a weight by at most 3e-5; sums in another order must stay far below.
      expect(largest).toBeLessThan(1e-5);
    },
    TIMEOUT,
  );
});

describe('a cheaper recipe', () => {
  const changed = async (out: string) => {
    const [before, after] = [await openCheckpoint(at('base')), await openCheckpoint(at(out))];
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    const names: string[] = [];
    for (const name of before.tensors.keys()) {
      const same = Buffer.compare((await before.read(name)).data, (await after.read(name)).data) === 0;
      if (!same) names.push(name);
    }
    return names;
  };

  it(
    'trains the new projections alone',
    async () => {
      const report = await train(world.options('new-only', { train: ['k_proj_hd', 'v_proj_hd'] }));
      const names = await changed('new-only');
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !/[kv]_proj_hd/.test(name))).toEqual([]);
      expect(report.trainedParameters).toBeLessThan(report.parameters / 10);
    },
    TIMEOUT,
  );

  it(
    'has rates of its own for parts of the model, of which the first that fits counts',
    async () => {
      const learningRates = { v_proj_hd: 1e-30, '*_proj_hd': 1e-5 }; // the former is lost in float32
      await train(world.options('rates', { train: ['k_proj_hd', 'v_proj_hd'], learningRates }));
      const names = await changed('rates');
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !name.includes('k_proj_hd'))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'learns low-rank updates and merges them into the weights',
    async () => {
      const lora = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj_hd'] };
      await train(world.options('lora', { lora, train: ['lora_a', 'lora_b'], learningRate: 1e-2, steps: 4 }));
      const names = await changed('lora');
      expect(names.length).toBeGreaterThan(0);
      expect(
        names.filter((name) => !/layers\.\d+\.self_attn\.(q_proj|v_proj_hd)\.weight$/.test(name)),
      ).toEqual([]);
      const losses = await world.lossesOf('lora');
      expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    },
    TIMEOUT,
  );
});

describe('a loss that is not a number', () => {
  /** A learning rate that throws the weights out of float32 in one step. */
  const wild: Settings = { learningRate: 1e30, warmupSteps: 0, steps: 3, maxGradNorm: 1 };

  it(
    'ends the run and names the samples',
    async () => {
      const named: (string[] | undefined)[] = [];
      const running = train({
        ...world.options('nan', wild),
        onStep: ({ skipped }) => void named.push(skipped),
      });
      await expect(running).rejects.toThrow(
        /step 2: loss nan, gradient norm nan, samples \d, \d, \d, \d; .*onNaN to skip/,
      );
      expect(named.map((ids) => ids?.length)).toEqual([undefined, 4]);
    },
    TIMEOUT,
  );

  it(
    'is left out where the settings say so',
    async () => {
      const report = await train(world.options('skipped', { ...wild, onNaN: 'skip' }));
      expect(report.skippedSteps).toBe(2);
      const lines = (await readFile(at('skipped', 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
      expect(JSON.parse(lines[1] ?? '')).toMatchObject({ loss: null, gradNorm: null });
    },
    TIMEOUT,
  );
});

describe('half precision', () => {
  // 0.1: 2 % of the loss, for products of 8 (bfloat16) or 11 bits in each of ten layers with random weights
  it(
    'follows float32 in bfloat16',
    async () => {
      await train(world.options('bfloat16', { precision: 'bfloat16' }));
      await train(world.options('float32'));
      const [half, full] = [await world.lossesOf('bfloat16'), await world.lossesOf('float32')];
      for (const [i, loss] of full.entries()) expect(Math.abs((half[i] ?? NaN) - loss)).toBeLessThan(0.1);
      expect(half).not.toEqual(full);
    },
    TIMEOUT,
  );

  it(
    'finds the scale of the loss that float16 can hold, and learns',
    async () => {
      const { skippedSteps, steps } = await train(
        world.options('float16', { precision: 'float16', steps: 8 }),
      );
      expect(skippedSteps).toBeLessThan(steps);
      const [half, full] = [await world.lossesOf('float16'), await world.lossesOf('float32')];
      expect(Math.abs((half[0] ?? NaN) - (full[0] ?? NaN))).toBeLessThan(0.1);
      expect(half.at(-1)).toBeLessThan(half[0] ?? 0);
    },
    TIMEOUT,
  );
});
