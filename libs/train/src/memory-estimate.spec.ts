import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors, type Tensor } from '@flexattn/model-prep';
import { runProgram } from '@flexattn/stage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchPlan } from './launch-plan.js';
import { estimateMemory } from './memory-estimate.js';
import { countParameters, modelParameters } from './model-parameters.js';
import type { ModelShape } from './model-parameters.js';
import { testInterpreter } from './node/interpreter.fixture.js';
import { packageFolder } from './node/package-folder.js';
import { TIMEOUT } from './node/trainer.fixture.js';
import { publishedShape } from './published-shapes.js';
import { tinySettings } from './settings.fixture.js';
import type { TrainSettings } from './settings.js';
import { parseTrainerLine } from './trainer-line.js';

function estimate(model: ModelShape, change: Partial<TrainSettings>, nodes = 1, positions = 1024) {
  const settings = { ...tinySettings, ...change };
  const counts = countParameters(modelParameters(model, settings), settings);
  return estimateMemory(model, counts, settings, nodes, {
    samples: settings.microBatchSize,
    positions,
    answerRows: 40,
  });
}

describe('estimateMemory', () => {
  const seven = publishedShape('llava-v1.5-7b');
  if (seven === undefined) throw new Error('expected a published shape');
  const whole = estimate(seven, { highres: false });

  it('counts 16 bytes a trained parameter and 4 a frozen one', () => {
    const [llama, projector, tower] = [6_738_415_616, 20_979_712, 290_909_184];
    expect(whole.weights / 4).toBe(llama + projector + tower);
    expect(whole.optimiser).toBe(2 * whole.gradients);
    expect(whole.gradients / 4).toBe(llama + projector);
    const lora = { rank: 8, alpha: 16, targets: ['q_proj'] };
    const thin = estimate(seven, { highres: false, lora, train: ['lora_a', 'lora_b'] });
    expect(thin.gradients / 4).toBe(32 * 2 * 8 * 4096);
  });

  it('spreads all but the vision tower over the processes of all machines', () => {
    const shared = { highres: false, sharding: 'full', processes: 4 } as const;
    const tower = whole.weights - whole.gradients;
    for (const nodes of [1, 2]) {
      const part = estimate(seven, shared, nodes);
      expect(part.gradients).toBe(whole.gradients / (4 * nodes));
      expect(part.weights).toBe((whole.weights - tower) / (4 * nodes) + tower);
    }
    expect(estimate(seven, { ...shared, sharding: 'none' }).weights).toBe(whole.weights);
  });

  it('needs more for longer samples, larger micro batches and high resolution, less with checkpointing', () => {
    const { activations } = estimate(seven, {});
    expect(estimate(seven, {}, 1, 2048).activations).toBeGreaterThan(activations);
    expect(estimate(seven, { microBatchSize: 4 }).activations).toBeGreaterThan(activations);
    expect(whole.activations).toBeLessThan(activations);
    expect(estimate(seven, { activationCheckpointing: true }).activations).toBeLessThan(0.3 * activations);
  });

  it('counts copies of all trained weights at half precision, of one layer alone where the model is spread', () => {
    const half = { precision: 'bfloat16', activationCheckpointing: true, highres: false } as const;
    const { activations } = estimate(seven, half);
    expect(activations).toBeGreaterThan(2 * 6_738_415_616);
    expect(estimate(seven, { ...half, sharding: 'full', processes: 8 }).activations).toBeLessThan(
      0.5 * activations,
    );
    expect(estimate(seven, { ...half, train: ['mm_projector'] }).activations).toBeLessThan(0.5 * activations);
  });
});

/** Large enough for its activations to stand out against what Python and torch take, small enough for a test. */
const SHAPE: ModelShape = {
  ...{ hidden_size: 256, intermediate_size: 688, num_hidden_layers: 6, vocab_size: 512 },
  ...{ num_attention_heads: 4, num_key_value_heads: 4, tied: false, biases: new Set() },
  ...{ zoom: 3, selectFromLayer: 1 },
  vision: {
    ...{ hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2 },
    ...{ patch_size: 14, image_size: 196, layer_norm_eps: 1e-5 },
  },
};
const [POSITIONS, ANSWER] = [400, 40];

describe('the trainer on a CPU', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flexattn-memory-'));
    await writeModel(join(folder, 'base'));
    const low = (SHAPE.vision.image_size / SHAPE.vision.patch_size) ** 2;
    const ids = [1, -200, ...Array.from({ length: POSITIONS - low - 1 }, (_, i) => i % 512)];
    const answers = [[ids.length - ANSWER, ids.length]];
    const lines = Array.from({ length: 8 }, (_, id) =>
      JSON.stringify({ id: String(id), image: null, inputIds: ids, answers }),
    );
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'tokens.jsonl'), `${lines.join('\n')}\n`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Bytes at the peak of two steps. Blocks of their own for all tensors: what is freed is given back, as on a GPU. */
  async function measured(out: string, settings: TrainSettings): Promise<number> {
    const paths = {
      ...{ python: testInterpreter(), packageFolder, images: folder, out: join(folder, out) },
      ...{ checkpoint: join(folder, 'base'), data: join(folder, 'data') },
    };
    const { program, args, env } = launchPlan(paths, settings);
    let peak = 0;
    await runProgram(program, args, {
      env: { ...env, MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' },
      onLine: (line) => {
        const said = parseTrainerLine(line);
        if (said?.event === 'step') peak = said.memoryMegabytes * 1e6;
      },
    });
    return peak;
  }

  it(
    'takes what was estimated for more samples without checkpointing than few samples with it take',
    async () => {
      const runs = [
        { batchSize: 2, microBatchSize: 2, activationCheckpointing: true },
        { batchSize: 8, microBatchSize: 8 },
      ].map((change) => ({ ...tinySettings, steps: 2, featureCacheMegabytes: 0, ...change }));
      const [few = 0, many = 0] = runs.map((settings) => estimate(SHAPE, settings, 1, POSITIONS).total);
      const measuredFew = await measured('few', runs[0] ?? tinySettings);
      const measuredMany = await measured('many', runs[1] ?? tinySettings);
      // The difference: Python and torch themselves take some hundred megabytes that are not the model's.
      const ratio = (measuredMany - measuredFew) / (many - few);
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.15);
    },
    2 * TIMEOUT,
  );
});

/** A checkpoint of random weights; threshold 0 picks every region, as the estimate takes it. */
async function writeModel(dir: string): Promise<void> {
  const { vision } = SHAPE;
  await mkdir(join(dir, 'clip'), { recursive: true });
  const config = {
    ...SHAPE,
    ...{ model_type: 'llava', rms_norm_eps: 1e-5, mm_vision_tower: 'clip', mm_projector_type: 'mlp2x_gelu' },
    extra: {
      lowres_size: vision.image_size,
      highres_size: 3 * vision.image_size,
      zoom_ratio: 3,
      threshold: 0,
      select_from_layer: SHAPE.selectFromLayer,
    },
  };
  await writeFile(join(dir, 'config.json'), JSON.stringify(config));
  await writeFile(join(dir, 'clip', 'config.json'), JSON.stringify(vision));
  let state = 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of modelParameters(SHAPE, { highres: true, lora: null })) {
    const values = Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => 0.2 * next());
    tensors.set(name, { dtype: 'F32', shape: [...shape], data: new Uint8Array(values.buffer) });
  }
  await writeFile(join(dir, 'model.safetensors'), writeSafetensors(tensors));
}
