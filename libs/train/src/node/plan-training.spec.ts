import { chmod, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { launcherSettingsSchema } from '../launcher-settings.js';
import { tinySettings } from '../settings.fixture.js';
import { planTraining, refusalOf } from './plan-training.js';
import { unreachable } from './reach-rendezvous.js';
import { tokenizerFingerprint } from './tokenizer-fingerprint.js';
import type { PlanOptions } from './train-options.js';
import { TrainerWorld } from './trainer.fixture.js';

const world = new TrainerWorld();
let folder: string;
beforeAll(async () => {
  folder = await world.make();
});
afterAll(() => world.remove());

/** Programs on the PATH: a Python that has what is told, and, where asked for, GPUs. */
let programs: string;
beforeEach(async () => {
  programs = join(folder, 'bin');
  await mkdir(programs);
  vi.stubEnv('PATH', programs);
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
  await python({});
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(programs, { recursive: true });
});

async function program(name: string, prints: string): Promise<string> {
  const path = join(programs, name);
  await writeFile(path, `#!/bin/sh\necho '${prints.replaceAll('\n', "'\necho '")}'\n`);
  await chmod(path, 0o755);
  return path;
}

const VERSIONS = {
  python: '3.11.7',
  torch: '2.13.0',
  safetensors: '0.8.0',
  numpy: '2.4.6',
  pillow: '13.0.0',
};
const python = (change: Partial<typeof VERSIONS>) =>
  program('python3', JSON.stringify({ ...VERSIONS, ...change }));
const gpus = (count: number) =>
  program(
    'nvidia-smi',
    Array.from({ length: count }, (_, i) => `${i}, GPU-${i}a2b, 81559, NVIDIA H100 80GB HBM3`).join('\n'),
  );

const options = (
  change: Partial<PlanOptions> = {},
  settings: Partial<typeof tinySettings> = {},
): PlanOptions => ({
  ...world.options('planned', settings),
  python: join(programs, 'python3'),
  ...change,
});
const codes = async (given: PlanOptions) => (await planTraining(given)).plan.problems.map(({ code }) => code);

describe('planTraining', () => {
  it('tells data, parameters, memory, disk, files and the command of a checkpoint that is there', async () => {
    await gpus(2);
    const before = await readdir(folder);
    const { plan } = await planTraining(options({}, { batchSize: 8 }));
    expect(plan).toMatchObject({
      ...{ steps: 3, globalBatch: 8, nodes: 1, processes: 1, microBatchSize: 2, accumulation: 4, epochs: 8 },
      data: { samples: 3, dropped: {} },
      gpus: [{ name: 'NVIDIA H100 80GB HBM3' }, { memory: 81_559 * 2 ** 20 }],
      memory: { available: 81_559 * 2 ** 20, activationCheckpointing: false },
      problems: [],
    });
    const { parameters, memory, disk } = plan;
    expect(parameters?.all).toBe((parameters?.trained ?? 0) + (parameters?.frozen ?? 0));
    expect(memory?.otherwise.activations).toBeLessThan(memory?.estimate.activations ?? 0);
    expect(disk?.checkpoint).toBeGreaterThan(parameters?.all ?? Infinity);
    expect(disk?.free).toBeGreaterThan(0);
    expect(plan.command.args).toEqual(expect.arrayContaining(['--checkpoint', join(folder, 'base')]));
    expect(plan.files.reads).toEqual(expect.arrayContaining([join(folder, 'base', 'clip', 'config.json')]));
    expect(plan.files.writes).toContain(join(folder, 'planned', 'metrics.jsonl'));
    expect(await readdir(folder)).toEqual(before);
  });

  it('says what it could not look at where nothing is there, with the shape of a published model', async () => {
    const missing = join(folder, 'missing');
    const nothing = { checkpoint: missing, data: missing, python: missing };
    const { plan } = await planTraining(options({ ...nothing, base: 'checkpoints/llava-v1.5-7b' }));
    expect(plan.parameters?.all).toBe(7_822_056_448);
    expect(plan.unchecked.map((what) => what.split(':')[0])).toEqual([
      'checkpoint',
      'GPUs',
      'data',
      'Python',
    ]);
    expect(plan.problems).toEqual([]);
    const report = join(folder, 'report.json');
    await writeFile(report, '{"samples": 9, "kept": 6}');
    const cleaned = await planTraining(options({ ...nothing, report }));
    expect(cleaned.plan).toMatchObject({ cleaned: 6, epochs: 2 });
    const unknown = (await planTraining(options({ ...nothing, base: 'of-my-own' }))).plan;
    expect(unknown).not.toHaveProperty('memory');
    const known = (await planTraining(options({ ...nothing, base: join(folder, 'base') }))).plan;
    expect(known.parameters).toEqual((await planTraining(options())).plan.parameters);
  });

  it('refuses a start without what it reads', async () => {
    const missing = join(folder, 'missing');
    const start = (given: PlanOptions) => planTraining(given, { isStart: true });
    await expect(start(options({ checkpoint: missing }))).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    await expect(start(options({ data: missing }))).rejects.toMatchObject({ code: 'FILE_MISSING' });
    await expect(start(options({ python: missing }))).rejects.toMatchObject({ code: 'PYTHON_MISSING' });
    expect((await start(options())).plan.problems).toEqual([]);
  });

  it('refuses data of another tokenizer', async () => {
    const [checkpoint, data] = [join(folder, 'with-tokenizer'), join(folder, 'told')];
    await cp(join(folder, 'base'), checkpoint, { recursive: true });
    await writeFile(join(checkpoint, 'tokenizer.json'), '{"model": {}}');
    await cp(join(folder, 'data'), data, { recursive: true });
    const { plan, found } = await planTraining(options({ checkpoint, data }));
    expect(plan.unchecked).toContain('tokenizer: the data do not tell with which they were made');
    const tell = async (tokenizer: string | undefined) => {
      const { size } = await stat(join(data, 'tokens.jsonl'));
      const manifest = { size, sha256: '', tokenizer, modelMaxLength: 1, imageTokens: 1, totals: plan.data };
      await writeFile(join(data, 'training-data.json'), JSON.stringify(manifest));
    };
    await tell(await tokenizerFingerprint(checkpoint));
    expect(await codes(options({ checkpoint, data }))).toEqual([]);
    await tell('0'.repeat(64));
    expect(await codes(options({ checkpoint, data }))).toEqual(['TOKENIZER_DIFFERS']);
    expect(found?.facts.tokenizer).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses a folder that holds another run, and takes one that will be replaced', async () => {
    const out = join(folder, 'earlier');
    await mkdir(out);
    expect(await codes(options({ out }))).toEqual(['OUT_EXISTS']);
    await writeFile(join(out, 'metrics.jsonl'), '');
    const { plan } = await planTraining(options({ out }));
    expect(refusalOf(plan, options({ out }))?.message).toBe(
      `${out}: expected a new folder, got one that holds another run; remove it, or choose another (OUT_EXISTS)`,
    );
    expect(await codes(options({ out, replacesOut: true }))).toEqual([]);
  });

  it('refuses more processes than GPUs that are visible', async () => {
    await gpus(2);
    const two = options({}, { processes: 2 });
    expect(await codes(two)).toEqual([]);
    for (const [visible, expected] of [
      ['1', ['TOO_FEW_GPUS']],
      ['1,0', []],
      ['GPU-1,GPU-0a', []],
      ['0,7,1', ['TOO_FEW_GPUS']],
      ['', []],
      ['-1', []],
    ] as const) {
      vi.stubEnv('CUDA_VISIBLE_DEVICES', visible);
      expect([visible, await codes(two)]).toEqual([visible, expected]);
    }
  });

  it('asks a job of Slurm for as many GPUs as it has processes', async () => {
    const slurm = (gpusPerNode: number) =>
      options(
        { launcher: launcherSettingsSchema.parse({ launcher: 'slurm', slurm: { nodes: 2, gpusPerNode } }) },
        { processes: 2, batchSize: 8 },
      );
    expect(await codes(slurm(2))).toEqual([]);
    expect(await codes(slurm(1))).toEqual(['TOO_FEW_GPUS']);
    const { plan } = await planTraining({ ...slurm(2), gpuMemoryGigabytes: 80 });
    expect(plan).toMatchObject({ nodes: 2, accumulation: 1, memory: { available: 80e9 } });
    expect(plan.command.script).toContain('#SBATCH');
  });

  it('tells nothing of another program but what it gets', async () => {
    const command = ['other', '{checkpoint}', '{out}'];
    const launcher = launcherSettingsSchema.parse({ launcher: 'external', command });
    const { plan } = await planTraining(options({ launcher, logs: join(folder, 'logs') }, { batchSize: 7 }));
    const out = join(folder, 'planned');
    expect(plan).toMatchObject({
      isExternal: true,
      data: { samples: 3 },
      problems: [],
      unchecked: [expect.any(String)],
    });
    expect(plan.command).toEqual({ program: 'other', args: [join(folder, 'base'), out], env: {} });
    for (const unknown of ['parameters', 'memory', 'disk', 'gpus']) expect(plan).not.toHaveProperty(unknown);
    expect(plan.files.writes).toContain(join(folder, 'logs'));
    expect(plan.files.writes).not.toContain(join(out, 'metrics.jsonl'));
    expect((await planTraining(options())).plan).not.toHaveProperty('isExternal');
  });

  it.each([
    [{ python: '3.9.1' }, 'PYTHON_TOO_OLD'],
    [{ torch: '2.5.1' }, 'TORCH_TOO_OLD'],
  ])('refuses an interpreter with %o', async (change, code) => {
    await python(change);
    expect(await codes(options())).toEqual([code]);
  });

  it('refuses a place to meet that cannot be reached, and takes one that listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const meet = (endpoint: string, nodeRank: number) =>
      unreachable({ nodes: 2, endpoint, nodeRank }, { timeoutMs: 400 });
    const rendezvous = { nodes: 2, endpoint: `127.0.0.1:${port}`, nodeRank: 1 };
    const launcher = launcherSettingsSchema.parse({ rendezvous });
    expect(await codes(options({ launcher }, { batchSize: 8 }))).toEqual([]);
    server.close();
    await once(server, 'close');
    expect(await meet(rendezvous.endpoint, 1)).toMatch(/ECONNREFUSED/);
    expect(await meet(rendezvous.endpoint, 0)).toBeUndefined();
    expect(await meet('[::1]:1', 0)).toBeUndefined();
    expect(await meet('no such host:1', 0)).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });
});
