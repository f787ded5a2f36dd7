import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@flexattn/stage';
import { buildBaseTexts, buildUntrainedWeights } from './base-checkpoint.js';
import { writeFolder } from './folder.js';
import { writePretrainingData } from './pretraining.js';

/** The trainer's settings in both lessons, around the vision tower as its own stage left it. */
const SETTINGS = {
  highres: false,
  batchSize: 48,
  microBatchSize: 48,
  warmupSteps: 50,
  weightDecay: 0.01,
  maxGradNorm: 1,
  freeze: ['vision_tower'],
  seed: 1,
  precision: 'float32',
  processes: 1,
  modelMaxLength: 512,
  featureCacheMegabytes: 4000,
};

/** How long each lesson takes. */
const LESSONS = [
  { name: 'stripes', steps: 350, learningRate: 2e-3 },
  { name: 'sides', steps: 700, learningRate: 2e-3 },
  { name: 'all', steps: 500, learningRate: 1.5e-3 },
];

/**
 * Makes the base's weights again: random ones from the seed, coarse pictures, training in Python.
 *
 * @param world - the world's folder; `base/` in it gets the weights
 * @param python - an interpreter with the trainer's requirements
 */
export async function trainBase(seed: number, world: string, python: string, threads: number): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'flexattn-base-'));
  const weights = buildUntrainedWeights(seed);
  try {
    await writeFolder(scratch, [...buildBaseTexts(), ...weights], []);
    await writePretrainingData(seed, join(scratch, 'base'), join(scratch, 'coarse'));
    const root = join(import.meta.dirname, '..', '..', '..');
    const folders = [
      '--base',
      join(scratch, 'base'),
      '--data',
      join(scratch, 'coarse'),
      '--out',
      join(scratch, 'trained'),
    ];
    const lessons = LESSONS.flatMap(({ name, ...numbers }) => [
      '--lesson',
      name,
      JSON.stringify({ ...SETTINGS, ...numbers, threads }),
    ]);
    await runProgram(python, [join(root, 'tools', 'tiny', 'pretrain.py'), ...folders, ...lessons], {
      env: {
        PYTHONPATH: join(root, 'libs', 'train', 'python'),
        PYTHONDONTWRITEBYTECODE: '1',
        OMP_NUM_THREADS: String(threads),
      },
      onLine: (line) => {
        console.log(line);
      },
    });
    const trained = weights.map(async ({ path }) => ({
      path,
      bytes: await readFile(join(scratch, path.replace(/^base/, 'trained'))),
    }));
    await writeFolder(world, await Promise.all(trained), []);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
