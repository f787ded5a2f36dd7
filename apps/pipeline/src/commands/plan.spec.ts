import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEVICE_SPEEDS } from '@flexattn/flexattn-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelPlan } from '../run-plan.js';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const CONFIG = new URL('../../../../configs/llava-v1.5-7b-flexattn.json', import.meta.url);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-plan-'));
  mkdirSync(join(folder, 'configs'));
  writeFileSync(join(folder, 'nx.json'), '{}');
  writeFileSync(join(folder, 'configs/large.json'), readFileSync(CONFIG));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

const plan = (...words: string[]) => runCommand('plan', '--config', 'large', ...words);

describe('flexattn plan', () => {
  it('tells models, devices and the memory of the training without checkpoint, data or GPU', async () => {
    const { stdout } = await plan('--device', 'a100-80gb', 'h100', '--json');
    const { assumed, models } = JSON.parse(stdout) as { assumed: object; models: ModelPlan[] };
    expect(assumed).toMatchObject({ text: 130, answer: 16, share: 0.1 });
    expect(models.map(({ name }) => name)).toEqual(['llava-v1.5-7b', 'flexattn-7b']);
    expect(models[1]?.devices.map(({ device }) => device)).toEqual(['A100 80 GB', 'H100 80 GB']);
    const dryRun = await runCommand('train', '--config', 'large', '--dry-run', '--json');
    const total = models[1]?.training?.memory?.estimate.total;
    expect(total).toBeGreaterThan(1e10);
    expect(dryRun.stdout.replace(stdout, '')).toContain(`"total":${total}`);
  });

  it('takes every device that the cost model knows', async () => {
    const { stdout } = await plan('--device', ...Object.keys(DEVICE_SPEEDS), '--json');
    const { models } = JSON.parse(stdout) as { models: ModelPlan[] };
    const names = Object.values(DEVICE_SPEEDS).map(({ name }) => name);
    expect(models[0]?.devices.map(({ device }) => device)).toEqual(names);
  });

  it('takes items that the run has written, and otherwise those of the published benchmark', async () => {
    const items = join(folder, 'runs/large/items');
    mkdirSync(items, { recursive: true });
    writeFileSync(join(items, 'items.jsonl'), '{"benchmark": "vstar"}\n{"benchmark": "vstar"}\n');
    expect((await plan()).stdout).toMatch(/vstar 2, magnifier 283 \(as published\)/);
    forgetCommands();
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    expect((await plan('--items', '7')).stdout).toMatch(/textvqa 7, vstar 7, magnifier 7$/m);
  });

  it.each([
    ['--set', 'checkpoint=elsewhere/unknown'],
    ['--device', 'abacus'],
    ['--share', '2'],
  ])('refuses %s %s', async (flag, value) => {
    await expect(plan(flag, value)).rejects.toThrow(
      flag === '--set' ? 'it tells the sizes of the model' : 'is invalid',
    );
  });
});
