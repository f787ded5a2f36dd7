import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@flexattn/stage';
import type { TrainOptions } from '@flexattn/train';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelConfig } from '../config.js';
import { openRun } from '../run-context.js';
import { train } from './train.js';

vi.mock('@flexattn/train', async (original) => ({
  ...(await original<typeof import('@flexattn/train')>()),
  ensurePythonEnvironment: () => Promise.resolve({ python: 'python', versions: {} }),
  train: async ({ out, settings }: TrainOptions) => {
    trained.push(`${out.slice(folder.length + 1)} ${settings.highres ? 'highres' : 'lowres'}`);
    await writeFileAtomic(join(out, 'clip', 'weights'), out);
    await writeFileAtomic(join(out, 'metrics.jsonl'), '{}\n');
    return { steps: trained.length };
  },
}));

const trained: string[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-train-'));
  trained.length = 0;
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function contextOf(...models: ModelConfig[]) {
  const config = new URL('../../../../configs/tiny.json', import.meta.url).pathname;
  const context = await openRun({
    config,
    cwd: folder,
    signal: AbortSignal.timeout(60_000),
    set: [{ path: ['models'], value: models }],
  });
  return { ...context, workspace: folder };
}

const model = (name: string, selection: ModelConfig['selection'], isTrained = true): ModelConfig => ({
  name,
  selection,
  trained: isTrained,
});

describe('train', () => {
  it('trains once what differs only in the choice of regions, and serves all by it', async () => {
    const context = await contextOf(
      model('low', 'none'),
      model('flex', 'attention'),
      model('random', 'random'),
      model('centre', 'centre'),
      model('all', 'all'),
      model('base', 'attention', false),
      model('low-too', 'none'),
    );
    const reports = await train.produce(context, folder);
    expect(trained).toEqual(['low lowres', 'flex highres']);
    expect(reports).toEqual({
      low: { steps: 1 },
      'low-too': { steps: 1 },
      flex: { steps: 2 },
      random: { steps: 2 },
      centre: { steps: 2 },
      all: { steps: 2 },
    });
    const weights = (name: string) => readFileSync(join(folder, name, 'clip', 'weights'), 'utf8');
    for (const name of ['random', 'centre', 'all']) expect(weights(name)).toBe(join(folder, 'flex'));
    expect(weights('low-too')).toBe(join(folder, 'low'));
    expect(existsSync(join(folder, 'all', 'metrics.jsonl'))).toBe(true);
    expect(existsSync(join(folder, 'base'))).toBe(false);
  });

  it('is the same result for another choice of regions, and another where high resolution begins', async () => {
    const parameters = async (selection: ModelConfig['selection']) =>
      train.parameters(await contextOf(model('one', selection)));
    expect(await parameters('random')).toEqual(await parameters('attention'));
    expect(await parameters('none')).not.toEqual(await parameters('attention'));
  });
});
