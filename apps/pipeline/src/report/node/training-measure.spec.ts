import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainStep } from '@flexattn/train';
import { put } from './run.fixture.js';
import { measureTraining, readMeasure } from './training-measure.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'flexattn-measure-'))));
afterEach(() => rm(folder, { recursive: true }));

const step = (number: number, memoryMegabytes: number): TrainStep => ({
  ...{ event: 'step', step: number, loss: 1, learningRate: 1, gradNorm: 1, samplesPerSecond: 1 },
  ...{ tokensPerSecond: 1, memoryMegabytes, waitingSeconds: 0 },
});

/** A training of these steps, whose metrics are `metrics`. */
const train = (steps: readonly TrainStep[], metrics = 'a') =>
  measureTraining(folder, join(folder, 'trained'), async (onStep) => {
    steps.forEach(onStep);
    await put(join(folder, 'trained/metrics.jsonl'), metrics);
    return { steps: steps.length };
  });

describe('measureTraining', () => {
  it('keeps time and the most memory, under what was trained', async () => {
    await expect(train([step(1, 90), step(2, 120), step(3, 80)])).resolves.toEqual({ steps: 3 });
    await train([step(1, 300)]);
    await put(join(folder, 'again/metrics.jsonl'), 'a');
    const measure = await readMeasure(folder, join(folder, 'again'));
    expect(measure).toMatchObject({ memoryMegabytes: 120 });
    await put(join(folder, 'other/metrics.jsonl'), 'b');
    expect(await readMeasure(folder, join(folder, 'other'))).toBeUndefined();
    expect(await readMeasure(folder, join(folder, 'nothing'))).toBeUndefined();
  });

  it('keeps nothing of a training that went on from a state', async () => {
    await train([step(2, 90)]);
    expect(await readMeasure(folder, join(folder, 'trained'))).toBeUndefined();
  });
});
