import type * as fs from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MAX_JOURNAL_BYTES } from '../limits.js';
import { cleanDataset } from './clean-dataset.js';
import { CompiledLibs } from './clean-process.fixture.js';
import { openImageIndex } from './image-files.js';
import { ImageJournal } from './image-journal.js';

/** Every file that the library opens to read. */
const opened = vi.hoisted(() => [] as string[]);
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof fs>();
  // Nothing but the path is looked at; the arguments differ from overload to overload.
  const open = (...args: unknown[]) => {
    opened.push(String(args[0]));
    return Reflect.apply(actual.open, undefined, args) as unknown;
  };
  return { ...actual, open };
});

let folder = '';
const at = (name: string) => join(folder, name);
const journal = () => at('out.images.journal');
const NAMES = Array.from({ length: 20 }, (_, i) => `${i}.jpg`);
const LINE_BYTES = 36;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-prep-journal-'));
  await mkdir(at('images'));
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  for (const [i, name] of NAMES.entries())
    await writeFile(join(folder, 'images', name), i % 5 === 4 ? jpeg.subarray(0, 200) : jpeg);
  opened.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Resolves `names` with the journal: what was found, and which pictures were opened for it. */
async function look(names = NAMES, options: { dryRun?: boolean; journal?: string } = {}) {
  opened.length = 0;
  const index = await openImageIndex(at('images'), { verify: 'decode', journal: journal(), ...options });
  const findings = await Promise.all(names.map((name) => index.resolve(name)));
  await index.close();
  return { findings, opened: opened.filter((path) => path.endsWith('.jpg')).length };
}

describe('the picture journal', () => {
  it('lets a second run look at no picture again, good or bad', async () => {
    const first = await look();
    expect(first.opened).toBe(NAMES.length);
    expect(first.findings.filter((finding) => 'problem' in finding)).toHaveLength(4);
    const second = await look();
    expect(second).toEqual({ findings: first.findings, opened: 0 });
  });

  it('lets a run that was cut off go on where it ended', async () => {
    const first = await look();
    await truncate(journal(), 7 * LINE_BYTES);
    expect(await look()).toEqual({ findings: first.findings, opened: NAMES.length - 7 });
    expect(await look()).toEqual({ findings: first.findings, opened: 0 });
  });

  it('ignores a torn last line, wherever it is torn, and goes on behind it', async () => {
    const first = await look();
    const whole = await readFile(journal());
    for (let kept = 2 * LINE_BYTES; kept <= 3 * LINE_BYTES; kept += 1) {
      await writeFile(journal(), whole.subarray(0, kept));
      // Without its line feed alone, a line is whole.
      const lines = Math.floor((kept + 1) / LINE_BYTES);
      expect([kept, await look()]).toEqual([
        kept,
        { findings: first.findings, opened: NAMES.length - lines },
      ]);
      expect((await look()).opened).toBe(0);
    }
  });

  it('does not believe a look of which a bit was flipped', async () => {
    const first = await look();
    const whole = await readFile(journal());
    // The last digit of the third line's look, before a tab, its check and the line's end.
    const at = 3 * LINE_BYTES - 11;
    for (const bit of [1, 2, 4]) {
      await writeFile(journal(), whole.with(at, (whole[at] ?? 0) ^ bit));
      expect(await look()).toEqual({ findings: first.findings, opened: 1 });
    }
  });

  it('has each line on the disk before the next picture is looked at', async () => {
    const index = await openImageIndex(at('images'), { verify: 'decode', journal: journal() });
    for (const [i, name] of NAMES.entries()) {
      await index.resolve(name);
      expect((await stat(journal())).size).toBe((i + 1) * LINE_BYTES);
    }
    await index.close();
  });

  it('keeps what a process had looked at when it was killed', async () => {
    const libs = await CompiledLibs.make();
    onTestFinished(() => libs.remove());
    const script = `import { openImageIndex } from '@flexattn/data-prep';
      const index = await openImageIndex(process.argv[2], { verify: 'decode', journal: process.argv[3] });
      for (let i = 0; i < 6; i += 1) await index.resolve(i + '.jpg');
      process.kill(process.pid, 'SIGKILL');`;
    const end = await libs.run(script, [at('images'), journal()]);
    expect(end).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    expect((await look()).opened).toBe(NAMES.length - 6);
  });

  it.each([
    ['of another time', (path: string) => utimes(path, 1, 1)],
    ['of another size', (path: string) => appendFile(path, 'more')],
    [
      'of another inode',
      async (path: string) => {
        const { atime, mtime } = await stat(path);
        await copyFile(path, `${path}.new`);
        await utimes(`${path}.new`, atime, mtime);
        await rename(`${path}.new`, path);
      },
    ],
    ['under another path', (path: string) => rename(path, path.replace('3.jpg', '33.jpg'))],
  ])('does not know a picture %s', async (_, change) => {
    await utimes(at('images/3.jpg'), 1000, 1000);
    await look();
    await change(at('images/3.jpg'));
    expect((await look([...NAMES.filter((name) => name !== '3.jpg'), '33.jpg', '3.jpg'])).opened).toBe(1);
  });

  it('is read and not written in a dry run', async () => {
    expect((await look(NAMES, { dryRun: true })).opened).toBe(NAMES.length);
    expect(await readdir(folder)).toEqual(['images']);
    await look(NAMES.slice(0, 5));
    const before = await readFile(journal());
    expect((await look(NAMES, { dryRun: true })).opened).toBe(NAMES.length - 5);
    expect(await readFile(journal())).toEqual(before);
  });

  it('passes over what is no line of it, and starts anew where it is too long', async () => {
    await writeFile(journal(), Buffer.concat([Buffer.alloc(5000, 0xff), Buffer.from('\nhello\n')]));
    const first = await look();
    expect(await look()).toEqual({ findings: first.findings, opened: 0 });
    await truncate(journal(), MAX_JOURNAL_BYTES + 1);
    expect((await look()).opened).toBe(NAMES.length);
    expect((await stat(journal())).size).toBe(NAMES.length * LINE_BYTES);
  });

  it('is shared by runs that write at the same time', async () => {
    const [first, second] = await Promise.all([look(NAMES.slice(0, 12)), look(NAMES.slice(8))]);
    expect(first.findings).toHaveLength(12);
    expect(second.findings).toHaveLength(12);
    expect((await look()).opened).toBe(0);
  });

  it('is made with its first line, and its folder with it', async () => {
    const deep = await ImageJournal.open(at('new/folder/journal'), { readOnly: false });
    deep.close();
    expect(await readdir(folder)).toEqual(['images']);
    deep.add('1.jpg', await stat(at('images/1.jpg'), { bigint: true }), 1);
    deep.close();
    deep.close();
    expect((await stat(at('new/folder/journal'))).size).toBe(LINE_BYTES);
  });

  it('tells a place where it cannot be', async () => {
    const failing = look(NAMES, { journal: at('images/1.jpg/journal') });
    await expect(failing).rejects.toMatchObject({ code: 'FILE_MISSING', file: at('images/1.jpg/journal') });
    await expect(look(NAMES, { journal: at('images') })).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });

  it('stands beside the output folder of a cleaning, and serves the next one', async () => {
    const samples = NAMES.map((image, id) => ({
      id,
      image,
      conversations: [{ from: 'human', value: 'What?' }],
    }));
    await writeFile(at('mix.json'), JSON.stringify(samples));
    const clean = async () => {
      opened.length = 0;
      const paths = { annotations: at('mix.json'), images: at('images'), out: at('out') };
      const report = await cleanDataset({ ...paths, verify: 'decode', quiet: true });
      return { report, opened: opened.filter((path) => path.endsWith('.jpg')).length };
    };
    const first = await clean();
    expect(first).toMatchObject({
      report: { kept: 16, dropped: { IMAGE_CORRUPT: 4 } },
      opened: NAMES.length,
    });
    await rm(at('out'), { recursive: true });
    expect(await clean()).toEqual({ report: first.report, opened: 0 });
    expect((await readdir(folder)).sort()).toEqual(['images', 'mix.json', 'out', 'out.images.journal']);
  });

  it('is not made at the levels that decode nothing', async () => {
    const index = await openImageIndex(at('images'), { verify: 'header', journal: journal() });
    await index.resolve('1.jpg');
    await index.close();
    expect(await readdir(folder)).toEqual(['images']);
  });
});
