import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint, writeSafetensors } from '@flexattn/model-prep';
import type { Tensor } from '@flexattn/model-prep';
import { readJsonAs, sha256File } from '@flexattn/stage';
import { z } from 'zod';
import { launchPlan } from '../launch-plan.js';
import { tinySettings } from '../settings.fixture.js';
import { parseTrainerLine } from '../trainer-line.js';
import { GOLDEN as golden, python, TIMEOUT, TrainerWorld } from './trainer.fixture.js';
import { packageFolder } from './package-folder.js';
import { train } from './train.js';
import { verifyTrainingGolden } from './verify-training-golden.js';

const world = new TrainerWorld();
let folder: string;
beforeAll(async () => {
  folder = await world.make();
});
afterAll(() => world.remove());
const options = world.options.bind(world);
const lossesOf = world.lossesOf.bind(world);

/** Copies the base with `heads` key/value heads, which are those of `from` (12 values each). */
async function shareHeads(name: string, heads: number, from: number[]): Promise<void> {
  const base = join(folder, 'base');
  await cp(base, join(folder, name), { recursive: true });
  const checkpoint = await openCheckpoint(base);
  const tensors = new Map<string, Tensor>();
  for (const key of checkpoint.tensors.keys()) {
    const tensor = await checkpoint.read(key);
    const rowBytes = tensor.data.length / 4;
    const shared = from.map((head) => tensor.data.slice(head * rowBytes, (head + 1) * rowBytes));
    const isKeyValue = /^model\.layers\..*\.[kv]_proj(_hd)?\./.test(key);
    tensors.set(
      key,
      isKeyValue ? { ...tensor, shape: [heads * 12, 48], data: Buffer.concat(shared) } : tensor,
    );
  }
  await writeFile(join(folder, name, 'model.safetensors'), writeSafetensors(tensors));
  const config = (await readJsonAs(join(base, 'config.json'), z.unknown())) as object;
  await writeFile(
    join(folder, name, 'config.json'),
    JSON.stringify({ ...config, num_key_value_heads: heads }),
  );
}

describe('the golden training batch', () => {
  it(
    'has the loss and all gradients of the original implementation',
    async () => {
      const training = await verifyTrainingGolden(golden, { python });
      expect(training.map(({ epoch }) => epoch)).toEqual([0.02, 1]);
      for (const { gradientErrors } of training) {
        expect(Object.keys(gradientErrors)).toHaveLength(110);
        expect(Math.max(...Object.values(gradientErrors))).toBeLessThan(1e-3);
      }
      // 1e-4: float32 sums in another order
      expect(training[0]?.loss).toBeCloseTo(5.566169, 4);
      expect(training[1]?.loss).toBeCloseTo(5.567297, 4);
      expect(training.every(({ ok }) => ok)).toBe(true);
    },
    TIMEOUT,
  );

  it(
    'is not met with weights that differ',
    async () => {
      const other = join(folder, 'other');
      await cp(golden, other, { recursive: true });
      const checkpoint = await openCheckpoint(golden);
      const changed = new Map<string, Tensor>();
      for (const name of checkpoint.tensors.keys()) changed.set(name, await checkpoint.read(name));
      changed.get('model.layers.9.self_attn.v_proj_hd.weight')?.data.fill(0);
      await writeFile(join(other, 'model.safetensors'), writeSafetensors(changed));
      const training = await verifyTrainingGolden(other, { python });
      expect(training.map(({ ok }) => ok)).toEqual([false, false]);
    },
    TIMEOUT,
  );

  it.each([
    ['without results', { batch: [{ image: null, input_ids: [1], answers: [] }] }, '[results]'],
    ['with a result that has no loss', { batch: [], results: [{ epoch: 0, grads: 'g' }] }, '[batch]'],
    ['of another kind', [], 'expected object, received array'],
  ])('is refused where expected.json is one %s', async (_, expected, message) => {
    const other = join(folder, 'no-case');
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'expected.json'), JSON.stringify(expected));
    await expect(verifyTrainingGolden(other, { python })).rejects.toThrow(message);
  });
});

describe('train', () => {
  it(
    'writes a checkpoint in the layout of the base, the same bytes every time',
    async () => {
      const logs = join(folder, 'logs');
      const report = await train({ ...options('first'), logs });
      expect(report).toMatchObject({ samples: 3, steps: 3, epochs: 4, processes: 1 });
      const said = (await readFile(join(logs, 'trainer.log'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map(parseTrainerLine);
      expect(said.map((line) => line?.event)).toEqual(['start', 'step', 'step', 'step', 'done']);
      expect(said[1]).toHaveProperty('tokensPerSecond');
      expect(await readdir(join(folder, 'first'))).toEqual([
        'clip',
        'config.json',
        'metrics.jsonl',
        'model.safetensors',
      ]);
      const before = await openCheckpoint(join(folder, 'base'));
      const after = await openCheckpoint(join(folder, 'first'));
      expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
      const changed: string[] = [];
      for (const name of before.tensors.keys())
        if (Buffer.compare((await before.read(name)).data, (await after.read(name)).data) !== 0)
          changed.push(name);
      expect(changed).toContain('model.layers.9.self_attn.k_proj_hd.weight');
      expect(changed).toContain('model.mm_projector.0.weight');
      expect(changed.filter((name) => name.includes('vision_tower'))).toEqual([]);
      expect(changed).not.toContain('model.layers.8.self_attn.k_proj_hd.weight'); // selects, but does not attend
      await train(options('second'));
      const file = 'model.safetensors';
      expect(await sha256File(join(folder, 'second', file))).toBe(
        await sha256File(join(folder, 'first', file)),
      );
    },
    TIMEOUT,
  );

  it(
    'gives two processes the losses of one, which low resolution alone does not have',
    async () => {
      await train(options('two', { processes: 2, microBatchSize: 1 }));
      await train(options('low', { highres: false }));
      const [one, two, low] = [await lossesOf('first'), await lossesOf('two'), await lossesOf('low')];
      // 1e-4: float32 sums in another order, through three optimiser steps
      for (const [i, loss] of one.entries()) expect(two[i]).toBeCloseTo(loss, 4);
      expect(low[2]).not.toBeCloseTo(one[2] ?? 0, 4);
    },
    TIMEOUT,
  );

  it(
    'shares key and value heads between query heads',
    async () => {
      await shareHeads('shared', 2, [0, 1]); // two heads, each for two query heads
      await shareHeads('repeated', 4, [0, 0, 1, 1]); // the same, written out
      await train({ ...options('grouped', { steps: 1, batchSize: 2 }), checkpoint: join(folder, 'shared') });
      await train({ ...options('plain', { steps: 1, batchSize: 2 }), checkpoint: join(folder, 'repeated') });
      // 1e-5: float32 sums in another order
      expect((await lossesOf('grouped'))[0]).toBeCloseTo((await lossesOf('plain'))[0] ?? 0, 5);
    },
    TIMEOUT,
  );

  it(
    'stops when it is told to, and leaves nothing behind',
    async () => {
      const stop = new AbortController();
      const running = train({
        ...options('stopped', { steps: 10_000 }),
        signal: stop.signal,
        onStep: () => stop.abort(),
      });
      await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
      expect((await readdir(folder)).filter((name) => name.startsWith('stopped'))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    "tells the trainer's own error",
    async () => {
      const running = train({ ...options('blind'), images: folder });
      await expect(running).rejects.toThrow(/No such file or directory: .*\.png.*\(TRAINING_FAILED\)/);
    },
    TIMEOUT,
  );

  it('refuses an existing folder, settings that do not divide and data without a picture root before it starts', async () => {
    await expect(train({ ...options('base') })).rejects.toMatchObject({ code: 'OUT_EXISTS' });
    await expect(train(options('x', { freeze: ['visual'] }))).rejects.toThrow(
      'train: freeze: "visual" names no parameter of this model',
    );
    await expect(train(options('x', { microBatchSize: 3 }))).rejects.toMatchObject({ code: 'BAD_SETTINGS' });
    await expect(train({ ...options('x'), data: folder })).rejects.toMatchObject({ code: 'FILE_MISSING' });
    await expect(train({ ...options('x'), checkpoint: folder })).rejects.toMatchObject({
      code: 'CONFIG_MISSING',
    });
  });
});

describe('the trainer', () => {
  it(
    'ends when its launcher is killed',
    async () => {
      const { program, args, env } = launchPlan(
        { ...options('orphan'), packageFolder },
        { ...tinySettings, steps: 100_000 },
      );
      const launcher = `const { spawn } = require('node:child_process');
        spawn(process.argv[1], JSON.parse(process.argv[2]), { stdio: ['pipe', 'inherit', 'ignore'], detached: true });`;
      const child = spawn(process.execPath, ['-e', launcher, program, JSON.stringify(args)], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      for await (const text of child.stdout) {
        output += String(text);
        if (output.includes('"event": "step"')) child.kill('SIGKILL');
      }
      // The end of the output: nobody holds it open any more, so the trainer is gone as well.
      expect(output).toContain('"event": "step"');
      expect(child.signalCode).toBe('SIGKILL');
    },
    TIMEOUT,
  );
});
