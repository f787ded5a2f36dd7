import { DEVICE_SPEEDS, itemCost, plannedMemory, secondsAtLeast } from '@flexattn/flexattn-runtime';
import { publishedShape } from '@flexattn/train';
import { describe, expect, it } from 'vitest';
import { configSchema } from './config.js';
import { planRun, type RunFacts } from './run-plan.js';
import { runPlanText } from './run-plan-text.js';

const COSTS = { itemCost, plannedMemory, secondsAtLeast };
const shape = publishedShape('llava-v1.5-7b');
if (shape === undefined) throw new Error('no shape of llava-v1.5-7b');
const MODELS = configSchema.shape.models.parse([
  { name: 'plain', trained: false, selection: 'none' },
  { name: 'flex', trained: true, selection: 'attention' },
  { name: 'all', trained: false, selection: 'all' },
  { name: 'centre', trained: false, selection: 'centre', share: 0.5 },
  { name: 'small', trained: false, selection: 'attention', precision: 'int4' },
]);
const FACTS: RunFacts = {
  ...{ model: shape, models: MODELS, text: 130, answer: 11, share: 0.1, trainings: {} },
  devices: [
    { ...DEVICE_SPEEDS['a100-80gb'], isProcessor: false },
    { ...DEVICE_SPEEDS.cpu, isProcessor: true },
  ],
  items: { known: { n: 100, isPublished: false }, own: { n: null, isPublished: false } },
};
const TRAINING = {
  ...{ steps: 10, globalBatch: 128, nodes: 2, processes: 8, microBatchSize: 4, accumulation: 2 },
  ...{ modelMaxLength: 2048, problems: [], unchecked: [], files: { reads: [], writes: [] } },
  command: { program: 'torchrun', args: [], env: {}, cwd: '/' },
};

describe('planRun', () => {
  const plans = planRun(FACTS, COSTS);
  const named = (name: string) => plans.find((plan) => plan.name === name);
  const first = (name: string) => named(name)?.item.first.flops ?? NaN;

  it('costs each model by what it looks at', () => {
    expect(first('plain')).toBeLessThan(first('flex'));
    expect(first('flex')).toBeLessThan(first('centre'));
    expect(first('centre')).toBeLessThan(first('all'));
  });

  it('counts the items whose number is known', () => {
    expect(named('flex')?.items).toBe(100);
    expect(named('flex')?.answering.flops).toBeCloseTo(100 * (named('flex')?.item.total.flops ?? 0), -6);
  });

  it('adds first and further tokens, and all items, on each device', () => {
    for (const { firstTokenSeconds, furtherTokenSeconds, itemSeconds, answeringSeconds } of named('flex')
      ?.devices ?? []) {
      expect(itemSeconds).toBeCloseTo(firstTokenSeconds + 10 * furtherTokenSeconds, 9);
      expect(answeringSeconds).toBeCloseTo(100 * itemSeconds, 6);
    }
  });

  it('reads wide weights on a processor, and says what fits a GPU', () => {
    const [gpu, cpu] = named('flex')?.devices ?? [];
    expect([gpu?.fits, cpu?.fits]).toEqual([true, undefined]);
    expect(cpu?.memory).toBeGreaterThan(1.5 * (gpu?.memory ?? NaN));
    const l4 = planRun(
      { ...FACTS, devices: [{ ...DEVICE_SPEEDS.l4, memory: 16e9, isProcessor: false }] },
      COSTS,
    );
    expect(l4.map(({ devices }) => devices[0]?.fits)).toEqual([false, false, false, false, true]);
  });

  it('trains every sample of every step three times over, four with checkpointing, the tower once', () => {
    const memory = { activationCheckpointing: true } as NonNullable<RunFacts['trainings'][string]['memory']>;
    const flops = (training: object) => {
      const trainings = { flex: { ...TRAINING, ...training } } as RunFacts['trainings'];
      return planRun({ ...FACTS, trainings }, COSTS)[1]?.training;
    };
    const item = named('flex')?.item;
    const decoder = (item?.prompt.flops ?? NaN) + (item?.highRes.flops ?? NaN);
    expect(flops({})?.flops).toBeCloseTo(1280 * ((item?.vision.flops ?? NaN) + 3 * decoder), -9);
    expect(flops({ memory })?.flops).toBeCloseTo(1280 * ((item?.vision.flops ?? NaN) + 4 * decoder), -9);
    expect(flops({})).toMatchObject({ samples: 1280, devices: 16 });
    expect(flops({ isExternal: true })).toBeUndefined();
  });
});

describe('runPlanText', () => {
  it('names sizes, assumptions, every model and device', () => {
    const text = runPlanText(FACTS, planRun(FACTS, COSTS), 'of a test');
    expect(text).toMatch(/^sizes {9}of a test$/m);
    expect(text).toMatch(/^items {9}known 100, own unknown$/m);
    expect(text).toMatch(/^first token {3}9\.8 TFLOP \(picture 0?\.?/m);
    expect(text.match(/^A100 80 GB .* fits$/gm)).toHaveLength(MODELS.length);
  });
});
