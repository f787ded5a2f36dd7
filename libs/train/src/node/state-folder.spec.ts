import { appendFile, cp, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint } from '@flexattn/model-prep';
import { tinySettings } from '../settings.fixture.js';
import type { TrainSettings } from '../settings.js';
import { stateFolder } from './state-folder.js';
import { TrainerWorld } from './trainer.fixture.js';

const world = new TrainerWorld();
beforeAll(() => world.make());
afterAll(() => world.remove());

const folderOf = async (change: Partial<TrainSettings> = {}, base = 'base', data = 'data') =>
  stateFolder('states', {
    settings: { ...tinySettings, ...change },
    checkpoint: await openCheckpoint(join(world.folder, base)),
    tokens: join(world.folder, data, 'tokens.jsonl'),
  });

it('is the same for settings that change only how it is computed', async () => {
  const first = await folderOf();
  expect(first).toMatch(/^states\/[0-9a-f]{16}$/);
  expect(await folderOf({ processes: 2, sharding: 'full', microBatchSize: 1, onNaN: 'skip' })).toBe(first);
});

it('is another for other settings, data or weights', async () => {
  const first = await folderOf();
  expect(await folderOf({ learningRate: 2e-5 })).not.toBe(first);
  expect(await folderOf({ train: ['k_proj_hd'] })).not.toBe(first);
  await cp(join(world.folder, 'data'), join(world.folder, 'more'), { recursive: true });
  expect(await folderOf({}, 'base', 'more')).toBe(first);
  await appendFile(join(world.folder, 'more', 'tokens.jsonl'), '\n');
  expect(await folderOf({}, 'base', 'more')).not.toBe(first);
  await utimes(join(world.folder, 'base', 'model.safetensors'), 1, 1);
  expect(await folderOf()).not.toBe(first);
});
