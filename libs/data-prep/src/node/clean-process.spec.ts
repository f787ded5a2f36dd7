import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { acquireLock } from '@flexattn/stage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CompiledLibs } from './clean-process.fixture.js';
import { SmallDataset, sampleText } from './small-dataset.fixture.js';

let libs: CompiledLibs;
let dataset: SmallDataset;
beforeAll(async () => {
  libs = await CompiledLibs.make();
}, 60_000); // both libs are compiled
afterAll(() => libs.remove());
beforeEach(async () => {
  dataset = await SmallDataset.make();
});
afterEach(() => dataset.remove());

const OUTPUTS = ['annotations.json', 'missing-images.txt', 'rejects.jsonl', 'report.json'];

/** Cleans, and dies at the call of the file system (`rename`, `open`, ...) whose number the arguments tell. */
const CLEAN = `
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const [options, call = 'rename', number = '0'] = process.argv.slice(2);
let calls = 0;
const original = promises[call];
promises[call] = (...args) => {
  calls += 1;
  if (calls === Number(number)) process.kill(process.pid, 'SIGKILL');
  return original(...args);
};
syncBuiltinESMExports();
const { cleanDataset } = await import('@flexattn/data-prep');
try {
  await cleanDataset({ quiet: true, ...JSON.parse(options) });
  console.error('calls ' + calls);
} catch (error) {
  console.error(error.code + ' ' + error.exitCode + ' ' + error.message);
  process.exitCode = error.exitCode;
}
`;

function options(more: object = {}): string {
  const [annotations, images, out] = [dataset.path('mix.json'), dataset.path('images'), dataset.path('out')];
  return JSON.stringify({ annotations, images, out, ...more });
}

describe('a run that is killed', () => {
  it.each([
    ['rename', {}],
    ['open', { shuffle: 1, dedupe: 'content', shard: { index: 0, of: 1 } }],
  ] as const)(
    'at any %s, %j: no half file under a final name, and the next run gives the same bytes',
    async (call, more) => {
      const samples = Array.from({ length: 3000 }, (_, i) =>
        sampleText(i, i % 9 === 0 ? 'gone.jpg' : 'a/1.jpg'),
      );
      await dataset.write('mix.json', `[${samples.join(',')}]`);
      const whole = await libs.run(CLEAN, [options({ ...more, out: dataset.path('whole') }), call]);
      const expected = await dataset.files('whole');
      const calls = Number(/calls (\d+)/.exec(whole.stderr)?.[1]);
      expect(calls).toBeGreaterThan(3);
      for (let number = 1; number <= calls; number += 1) {
        const out = `out-${number}`;
        const end = await libs.run(CLEAN, [
          options({ ...more, out: dataset.path(out) }),
          call,
          String(number),
        ]);
        expect(end.signal).toBe('SIGKILL');
        for (const [name, content] of await finals(out)) expect(content).toBe(expected[name]);
        await dataset.clean({ ...more, out: dataset.path(out) });
        expect(await dataset.files(out)).toEqual(expected);
      }
    },
    60_000, // twenty processes
  );

  /** The files that stand under their final names, if the folder is there. */
  async function finals(out: string): Promise<[string, string][]> {
    const isThere = (await readdir(dataset.folder)).includes(out);
    const names = isThere ? (await readdir(dataset.path(out))).filter((name) => !name.startsWith('.')) : [];
    return Promise.all(
      names.map(async (name) => [name, await readFile(dataset.path(`${out}/${name}`), 'utf8')]),
    );
  }
});

describe('a run beside another one', () => {
  it('ends with 75 and names the process that works there', async () => {
    await dataset.write('mix.json', '[]');
    await mkdir(dataset.path('out'));
    const release = await acquireLock(dataset.path('out/.clean.lock'));
    const end = await libs.run(CLEAN, [options()]);
    await release();
    expect(end).toMatchObject({
      code: 75,
      stderr: expect.stringContaining(`process ${process.pid} `) as string,
    });
    expect((await libs.run(CLEAN, [options()])).code).toBe(0);
  });
});

describe('a run through standard input and output', () => {
  const lines = [sampleText(1), sampleText(2, 'a/2.png'), sampleText(3, 'gone.jpg'), sampleText(4)];
  const kept = `${[sampleText(1), sampleText(2, 'a/2.jpg'), sampleText(4)].join('\n')}\n`;

  it.each([
    ['JSON lines', `${lines.join('\n')}\n`],
    ['an array', `[${lines.join(',\n')}]`],
    ['gzip', gzipSync(lines.join('\n'))],
  ])('takes %s and gives JSON lines', async (_, input) => {
    const end = await libs.run(CLEAN, [options({ annotations: '-', out: '-' })], input);
    expect(end).toMatchObject({ code: 0, stdout: kept });
    expect(await readdir(dataset.folder)).toEqual(['images']);
  });

  it('names standard input in errors', async () => {
    const end = await libs.run(CLEAN, [options({ annotations: '-', out: '-' })], `${lines[0]}\n{"id"`);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain('CUT_SHORT 2 -[line 2, column 6, byte');
  });
});

describe('a full disk', () => {
  for (const more of [{}, { shuffle: 1 }]) {
    it(`ends the run with 74 and leaves the old results, ${JSON.stringify(more)}`, async (context) => {
      const disk = await tinyDisk();
      if (disk === undefined) return context.skip('mounting needs root');
      try {
        const out = join(disk, 'out');
        await dataset.write('mix.json', `[${sampleText(1)}]`);
        await dataset.clean({ out });
        const samples = Array.from({ length: 4000 }, (_, i) => sampleText(i, 'a/1.jpg', 'x'.repeat(1000)));
        await dataset.write('mix.json', `[${samples.join(',')}]`);
        await expect(dataset.clean({ out, ...more })).rejects.toMatchObject({
          code: 'DISK_FULL',
          exitCode: 74,
        });
        expect((await readdir(out)).sort()).toEqual(OUTPUTS);
        expect(await readFile(join(out, 'annotations.json'), 'utf8')).toBe(`[\n${sampleText(1)}\n]\n`);
      } finally {
        execFileSync('umount', [disk]);
        await rm(disk, { recursive: true });
      }
    });
  }

  /** A file system of 1 MB; undefined where this user may not mount one. */
  async function tinyDisk(): Promise<string | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-tiny-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
      return folder;
    } catch {
      await rm(folder, { recursive: true });
      return undefined;
    }
  }
});
