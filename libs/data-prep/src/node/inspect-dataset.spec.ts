import { renameSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectDataset, type InspectOptions } from './inspect-dataset.js';

let folder = '';
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-prep-inspect-'));
  await mkdir(at('images'));
  const picture = (background: string) =>
    sharp({ create: { width: 64, height: 48, channels: 3, background } });
  await writeFile(at('images/red.png'), await picture('#ff0000').png().toBuffer());
  await writeFile(at('images/blue.jpg'), await picture('#0000ff').jpeg().toBuffer());
  await writeFile(at('images/half.png'), (await picture('#00ff00').png().toBuffer()).subarray(0, 60));
  await writeFile(at('secret.png'), await picture('#00ffff').png().toBuffer());
  await symlink(at('secret.png'), at('images/link.png'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sample = (id: number, image?: string, question = '<image>\nWhat?') =>
  JSON.stringify({
    id,
    ...(image === undefined ? {} : { image }),
    conversations: [
      { from: 'human', value: question },
      { from: 'gpt', value: 'This.' },
    ],
  });

async function inspect(content: string | Uint8Array, options: Partial<InspectOptions> = {}) {
  await writeFile(at('mix.json'), content);
  return inspectDataset({ annotations: at('mix.json'), quiet: true, ...options });
}

describe('inspectDataset', () => {
  const samples = [
    sample(1, 'red.png'),
    sample(2, 'blue.png'),
    sample(3, 'none.png'),
    sample(4),
    '{"id":5}',
    '{"id":6,"id":7}',
  ];

  it.each([
    ['an array', `[${samples.join(',\n')}]`],
    ['JSON lines', samples.join('\n')],
    ['gzip', gzipSync(samples.join('\n'))],
  ])('tells what is in %s', async (_, content) => {
    expect(await inspect(content, { images: at('images') })).toMatchObject({
      samples: 6,
      textOnly: 1,
      unusable: { BAD_SHAPE: 1, DUPLICATE_KEY: 1 },
      images: { IMAGE_MISSING: 1, found: 1, 'found under another extension': 1 },
      longest: { index: 1, bytes: sample(2, 'blue.png').length, turns: 2 },
    });
  });

  it('looks at no image without a root', async () => {
    expect(await inspect(samples.join('\n'))).not.toHaveProperty('images');
  });

  it.each([
    ['a file that is no JSON', 'hello', {}, 'NOT_JSON'],
    ['a file cut short', '[{"id":1', {}, 'CUT_SHORT'],
    ['no image folder', '[]', { images: 'nowhere' }, 'IMAGE_ROOT_MISSING'],
    ['a sheet without images', '[]', { sheet: 'sheet.png' }, 'BAD_OPTION'],
    ['a sheet that is not called .png', '[]', { sheet: 'mix.json', images: '.' }, 'BAD_OPTION'],
    ['too many samples on a sheet', '[]', { samples: 201 }, 'BAD_OPTION'],
    ['an option that it does not know', '[]', { sampels: 3 }, 'BAD_OPTION'],
  ])('refuses %s', async (_, content, options, code) => {
    await expect(inspect(content, options as Partial<InspectOptions>)).rejects.toMatchObject({
      code,
      exitCode: 2,
    });
  });

  it('ends at a signal', async () => {
    const reason = new Error('stop');
    await expect(inspect('[]', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses a root that goes away, rather than call its images missing', async () => {
    const { signal } = new AbortController();
    // The signal is asked at each chunk: a place in the middle of the run.
    signal.throwIfAborted = () => renameSync(at('images'), at('moved'));
    const run = inspect(sample(1, 'red.png'), { images: at('images'), signal });
    await expect(run).rejects.toMatchObject({ code: 'IMAGE_ROOT_VANISHED' });
  });
});

describe('the picture sheet', () => {
  /** The colour in the middle of tile `i` of a sheet with `columns` columns. */
  async function colourOf(i: number, columns: number): Promise<number[]> {
    const left = 16 + (i % columns) * 336 + 160;
    const top = 16 + Math.floor(i / columns) * 352 + 90;
    const pixel = sharp(at('sheet.png')).extract({ left, top, width: 1, height: 1 });
    return [...(await pixel.removeAlpha().raw().toBuffer())];
  }

  it('shows pictures with their first questions, and says what is wrong with the others', async () => {
    const content = [
      sample(1, 'red.png'),
      sample(2, 'blue.gif'),
      sample(3, 'none.png'),
      sample(4),
      sample(5, 'link.png'),
    ].join('\n');
    const report = await inspect(content, { images: at('images'), sheet: at('sheet.png') });
    expect(report.shown).toEqual([
      { index: 0, id: '1', image: 'red.png', question: 'What?' },
      { index: 1, id: '2', image: 'blue.gif', question: 'What?' },
      { index: 2, id: '3', image: 'none.png', question: 'What?', problem: 'IMAGE_MISSING' },
      { index: 3, id: '4', question: 'What?' },
      { index: 4, id: '5', image: 'link.png', question: 'What?', problem: 'PATH_ESCAPE' },
    ]);
    expect(await sharp(at('sheet.png')).metadata()).toMatchObject({
      format: 'png',
      width: 3 * 336 + 16,
      height: 2 * 352 + 16,
    });
    expect(await colourOf(0, 3)).toEqual([255, 0, 0]);
    const [red = 0, , blue = 0] = await colourOf(1, 3);
    expect(blue - red).toBeGreaterThan(200);
    for (const i of [2, 3, 4]) expect(await colourOf(i, 3)).toEqual([0xdd, 0xdd, 0xdd]);
  });

  it('draws what can be drawn of a damaged picture or says so, and takes hostile text for text', async () => {
    const hostile = '</text><image href="../secret.png" width="999" height="999"/>&xxe;\u0000\u001b]0;';
    const content = [sample(1, 'half.png', hostile), sample(2, 'red.png', hostile)].join('\n');
    const report = await inspect(content, { images: at('images'), sheet: at('sheet.png') });
    expect(report.shown).toHaveLength(2);
    expect(await colourOf(1, 2)).toEqual([255, 0, 0]);
    const { dominant } = await sharp(at('sheet.png')).stats();
    expect(dominant).not.toMatchObject({ r: 0, g: 255, b: 255 });
  });

  it('chooses by the seed alone', async () => {
    const many = Array.from({ length: 300 }, (_, i) => sample(i, 'red.png'));
    const shown = async (content: string, seed: number) => {
      const options = { images: at('images'), sheet: at('sheet.png'), samples: 4, seed };
      return (await inspect(content, options)).shown?.map(({ index }) => index);
    };
    const first = await shown(many.join('\n'), 1);
    expect(first).toHaveLength(4);
    expect(await shown(`[${many.join(',\n   ')}]`, 1)).toEqual(first);
    expect(await shown(many.join('\n'), 2)).not.toEqual(first);
  });

  it('is not drawn in a dry run, nor where the file is bad', async () => {
    const options = { images: at('images'), sheet: at('sheet.png') };
    const report = await inspect(sample(1, 'red.png'), { ...options, dryRun: true });
    expect(report.shown).toHaveLength(1);
    await expect(inspect('[1', options)).rejects.toMatchObject({ code: 'CUT_SHORT' });
    expect((await readdir(folder)).sort()).toEqual(['images', 'mix.json', 'secret.png']);
  });

  it('is an empty page for an empty file, and takes the place of an old one', async () => {
    await writeFile(at('sheet.png'), 'old');
    expect((await inspect('[]', { images: at('images'), sheet: at('sheet.png') })).shown).toEqual([]);
    expect((await readFile(at('sheet.png'))).subarray(1, 4).toString()).toBe('PNG');
  });
});
