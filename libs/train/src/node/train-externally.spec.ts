import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launcherSettingsSchema } from '../launcher-settings.js';
import { trainExternally } from './train-externally.js';
import { GOLDEN, TIMEOUT, TrainerWorld } from './trainer.fixture.js';

const world = new TrainerWorld();
beforeAll(() => world.make());
afterAll(() => world.remove());
const at = (...names: string[]) => join(world.folder, ...names);

/** A trainer of one's own: Node runs `script` with `checkpoint data images out` as its arguments. */
function options(out: string, script: string, more: string[] = []) {
  const command = [process.execPath, '-e', script, '{checkpoint}', '{data}', '{images}', '{out}', ...more];
  const launcher = launcherSettingsSchema.parse({ launcher: 'external', command });
  return { ...world.options(out), launcher, annotations: at('annotations.json') };
}

const COPY = `const fs = require('node:fs'); const [checkpoint, data, images, out] = process.argv.slice(1);
  fs.cpSync(checkpoint, out, { recursive: true });`;

describe('another trainer', () => {
  it(
    'gets the paths, each as it is, and leaves a checkpoint that opens',
    async () => {
      const hostile = `it's "a" $(touch PWNED);touch PWNED`;
      await mkdir(at(hostile));
      const tell = `${COPY} fs.writeFileSync(out + '/told.json', JSON.stringify([checkpoint, data, images, process.argv[5]]))`;
      const external = options(join(hostile, 'out'), tell, ['--out_dir={out}']);
      const settings = { ...external.settings, microBatchSize: 3 }; // divides nothing: not this trainer's
      const report = await trainExternally({ ...external, settings });
      expect(report.tensors).toBeGreaterThan(100);
      expect(report.parameters).toBeGreaterThan(report.tensors);
      const told: unknown = JSON.parse(await readFile(at(hostile, 'out', 'told.json'), 'utf8'));
      const partial = `--out_dir=${at(hostile, 'out')}.partial`;
      expect(told).toEqual([at('base'), at('annotations.json'), GOLDEN, partial]);
      expect(await readdir(at(hostile))).toEqual(['out']);
      expect(existsSync('PWNED')).toBe(false);
    },
    TIMEOUT,
  );

  it('is refused before it starts where checkpoint or data are not what they must be', async () => {
    await expect(
      trainExternally({ ...options('refused', COPY), checkpoint: at('data') }),
    ).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
    await mkdir(at('empty'));
    await writeFile(at('empty', 'tokens.jsonl'), '');
    await expect(trainExternally({ ...options('refused', COPY), data: at('empty') })).rejects.toMatchObject({
      code: 'NO_ANSWERS',
    });
    await expect(trainExternally(options('base', COPY))).rejects.toMatchObject({ code: 'OUT_EXISTS' });
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('that writes no checkpoint is told so', async () => {
    const empty = `require('node:fs').mkdirSync(process.argv[4])`;
    await expect(trainExternally(options('none', empty))).rejects.toThrow(
      /train.command ended well, but \{out\} holds no checkpoint: .*flexattn convert.*\(BAD_OUTPUT\)/,
    );
    expect((await readdir(world.folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('that fails is told with its last lines and what to do', async () => {
    const full = `console.error('Traceback'); console.error('OSError: [Errno 28] No space left on device'); process.exit(3)`;
    const logs = at('logs');
    await expect(trainExternally({ ...options('full', full), logs })).rejects.toThrow(
      /before its first step, exit code 3, a disk is full; its last lines \(all are in .*trainer.log\): Traceback \| OSError: .*; free some space.*\(TRAINING_FAILED\)/,
    );
    expect(await readFile(join(logs, 'trainer.log'), 'utf8')).toMatch(/^Traceback\nOSError: .*\n$/);
  });

  it('sees no secret of the environment', async () => {
    process.env['HF_TOKEN'] = 'canary-31c7';
    process.env['CUDA_VISIBLE_DEVICES'] = '';
    try {
      const tell = `${COPY} fs.writeFileSync(out + '/env.json', JSON.stringify(process.env))`;
      await trainExternally(options('env', tell));
      const env: unknown = JSON.parse(await readFile(at('env', 'env.json'), 'utf8'));
      expect(JSON.stringify(env)).not.toContain('canary-31c7');
      expect(env).toHaveProperty('CUDA_VISIBLE_DEVICES');
    } finally {
      delete process.env['HF_TOKEN'];
      delete process.env['CUDA_VISIBLE_DEVICES'];
    }
  });

  it('hears Ctrl-C, and finds its folder again', async () => {
    const script = `${COPY} fs.appendFileSync(out + '/starts', 'x');
      if (fs.readFileSync(out + '/starts', 'utf8').length === 2) process.exit(0);
      process.on('SIGINT', () => { fs.writeFileSync(out + '/heard', ''); process.exit(0); });
      fs.writeFileSync(process.env.TMPDIR + '/up', ''); setInterval(() => {}, 1000);`;
    const again = { ...options('again', script), states: at('states') };
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = world.folder;
    try {
      const stop = new AbortController();
      const running = trainExternally({ ...again, signal: stop.signal });
      const ended = expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
      while (!existsSync(at('up'))) await new Promise((next) => setTimeout(next, 20));
      stop.abort();
      await ended;
      await trainExternally(again);
      expect(existsSync(at('again', 'heard'))).toBe(true);
      expect(await readdir(at('states'))).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });
});
