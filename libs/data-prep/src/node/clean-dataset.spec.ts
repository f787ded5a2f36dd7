import { renameSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { acquireLock } from '@flexattn/stage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DropCode } from '../codes.js';
import { MAX_SAMPLE_BYTES } from '../limits.js';
import type { Sample } from '../sample.js';
import { cleanDataset } from './clean-dataset.js';
import type { CleanOptions } from './clean-options.js';
import { readSamples } from './read-samples.js';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n0123456789', 'latin1');
const JPEG = Buffer.from('\xff\xd8\xff\xe0JFIF', 'latin1');
const OUTPUTS = ['annotations.json', 'missing-images.txt', 'rejects.jsonl', 'report.json'];
let folder = '';
const at = (name: string) => join(folder, name);
const output = (name: string) => readFile(join(folder, 'out', name), 'utf8');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-prep-'));
  await mkdir(at('images/coco/train2017'), { recursive: true });
  await mkdir(at('images/vg'));
  await writeFile(at('images/coco/train2017/1.jpg'), JPEG);
  await writeFile(at('images/coco/train2017/2.png'), PNG);
  await writeFile(at('images/coco/train2017/empty.jpg'), '');
  await writeFile(at('images/vg/3.jpg'), PNG);
  await writeFile(at('images/vg/page.jpg'), '<html>404 Not Found</html>');
  await writeFile(at('secret.png'), PNG);
  await symlink(at('secret.png'), at('images/vg/link.png'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function clean(annotations: string | Uint8Array, options: Partial<CleanOptions> = {}) {
  await writeFile(at('mix.json'), annotations);
  return cleanDataset({
    annotations: at('mix.json'),
    images: at('images'),
    out: at('out'),
    quiet: true,
    ...options,
  });
}

const turn = '{"from":"human","value":"<image>\\nWhat?"},{"from":"gpt","value":"This."}';
const good = (id: number | string, image = 'coco/train2017/1.jpg') =>
  `{"id":${JSON.stringify(id)},"image":${JSON.stringify(image)},"conversations":[${turn}]}`;

/** Bytes of `good(1)`. */
const LENGTH = good(1).length;

/** Codes that the tests of the image index and of the limit look at. */
type Elsewhere = 'IMAGE_UNREADABLE' | 'IMAGE_CORRUPT' | 'IMAGE_TOO_LARGE' | 'OVER_LIMIT';

/** A sample for every other code, in a file with good ones between them. */
const BAD: Record<Exclude<DropCode, Elsewhere>, string> = {
  SAMPLE_TOO_LARGE: `{"id":"large","x":"${'x'.repeat(MAX_SAMPLE_BYTES)}"}`,
  TOO_DEEP: `{"id":"deep","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
  INVALID_UTF8: '{"id":"\u0001"}',
  DUPLICATE_KEY: '{"id":12345678901234567890,"image":"a.png","image":"b.png"}',
  PROTO_KEY: '{"id":"proto","__proto__":{}}',
  LONE_SURROGATE: '{"id":"lone","x":"\\ud800"}',
  BAD_SHAPE: '{"id":"shape","image":"vg/3.jpg","conversations":"text"}',
  PATH_ESCAPE: good('escape', 'vg/link.png'),
  IMAGE_MISSING: good('missing', 'vg/gone.jpg'),
  IMAGE_EMPTY: good('empty', 'coco/train2017/empty.jpg'),
  IMAGE_UNKNOWN: good('page', 'vg/page.jpg'),
  TEXT_ONLY: '{"id":"text","conversations":[{"from":"human","value":"Hi"}]}',
  NO_HUMAN_TURN: '{"id":"mute","image":"vg/3.jpg","conversations":[{"from":"gpt","value":"Hi"}]}',
  DUPLICATE: good(0),
};

describe('cleanDataset', () => {
  it('keeps the bytes of what is right, mends what can be mended, and reports both', async () => {
    const untouched =
      '{ "image" : "coco\\/train2017/1.jpg",\r\n\t"id" : 1.0, "é":"\\u00e9", "conversations":[' +
      turn +
      '] }';
    const report = await clean(
      `\ufeff[\r\n${untouched} ,${good(2, 'coco/train2017/2.jpg')},\n{"conversations":[{"value":"Which <image>","from":"human"}],"n":1.0,"image":"vg/3.jpg","id":3},` +
        '{"id":12345678901234567890,"conversations":[{"from":"human","value":" Hi"}]}  ]\n ',
    );
    expect(await output('annotations.json')).toBe(
      `[\n${untouched},\n${good(2, 'coco/train2017/2.png')},\n` +
        '{"conversations":[{"value":"<image>\\nWhich","from":"human"}],"n":1.0,"image":"vg/3.jpg","id":3},\n' +
        '{"id":12345678901234567890,"conversations":[{"from":"human","value":"<image>\\n Hi"}]}\n]\n',
    );
    expect(await output('rejects.jsonl')).toBe('');
    expect(await output('missing-images.txt')).toBe('');
    expect(JSON.parse(await output('report.json'))).toEqual(report);
    expect(report).toMatchObject({
      samples: 4,
      kept: 4,
      untouched: 1,
      dropped: {},
      mislabelled: { '.jpg is png': 1 },
    });
    expect(report.changed).toEqual({ EXTENSION_FIXED: 1, PLACEHOLDER_ADDED: 1, TAG_MOVED: 1 });
    expect(Object.keys(report.sources)).toEqual(['coco/train2017', 'text only', 'vg']);
    expect((await readdir(at('out'))).sort()).toEqual(OUTPUTS);
  });

  it('drops a sample for every code and goes on', async () => {
    const codes = Object.keys(BAD) as (keyof typeof BAD)[];
    const parts = codes.flatMap((code, i) => [good(i), BAD[code]]);
    const bytes = Buffer.from(`[${parts.join(',\n')}]`);
    bytes[bytes.indexOf(1)] = 0xff;
    const report = await clean(bytes, { textOnly: 'drop', dedupe: 'id' });
    expect(report).toMatchObject({ samples: 2 * codes.length, kept: codes.length, untouched: codes.length });
    expect(report.dropped).toEqual(Object.fromEntries(codes.map((code) => [code, 1])));
    const rejects = (await output('rejects.jsonl')).trimEnd().split('\n');
    expect(rejects.map((line) => JSON.parse(line) as { index: number; code: string })).toEqual(
      codes.map((code, i) => expect.objectContaining({ index: 2 * i + 1, code }) as unknown),
    );
    expect(rejects[codes.indexOf('DUPLICATE_KEY')]).toBe(
      '{"index":7,"id":12345678901234567890,"code":"DUPLICATE_KEY","detail":"image: this key stands twice in its object"}',
    );
    expect(rejects[codes.indexOf('TOO_DEEP')]).toContain('"id":"deep"');
    expect(rejects[codes.indexOf('SAMPLE_TOO_LARGE')]).toContain('"id":null');
    expect((await output('missing-images.txt')).split('\n')).toEqual([
      'vg/gone.jpg',
      'coco/train2017/empty.jpg',
      'vg/page.jpg',
      '',
    ]);
    expect(await output('annotations.json')).toBe(`[\n${codes.map((_, i) => good(i)).join(',\n')}\n]\n`);
  });

  it('lists an image once, and one with a line break in its name on one line', async () => {
    await clean(`[${[good(1, 'z.png'), good(2, 'z.png'), good(3, 'a\nb.png')].join(',')}]`);
    expect(await output('missing-images.txt')).toBe('z.png\n"a\\nb.png"\n');
  });

  it.each([
    ['JSON lines', (lines: string[]) => lines.join('\n')],
    ['JSON lines with CRLF and blank lines', (lines: string[]) => `\ufeff${lines.join('\r\n\r\n')}\r\n`],
    ['gzip of an array', (lines: string[]) => gzipSync(`[${lines.join(',')}]`)],
    ['gzip of JSON lines', (lines: string[]) => gzipSync(lines.join('\n'))],
    [
      'gzip in two members',
      (lines: string[]) => Buffer.concat([gzipSync(`[${lines[0]},`), gzipSync(`${lines[1]}]`)]),
    ],
  ])('reads %s', async (_, encode) => {
    const report = await clean(encode([good(1), good(2)]));
    expect(report).toMatchObject({ samples: 2, untouched: 2 });
    expect(await output('annotations.json')).toBe(`[\n${good(1)},\n${good(2)}\n]\n`);
  });

  it('writes an empty array for an empty array', async () => {
    expect(await clean(' [ ] ')).toMatchObject({ samples: 0, kept: 0, sources: {} });
    expect(await output('annotations.json')).toBe('[]\n');
  });

  it('writes an empty array where nothing is kept', async () => {
    await clean('[1]');
    expect(await output('annotations.json')).toBe('[]\n');
  });

  it('gives the same bytes again, and leaves its own result alone', async () => {
    const many = Array.from({ length: 3000 }, (_, i) =>
      good(
        i,
        ['coco/train2017/1.jpg', 'coco/train2017/2.jpg', 'vg/3.png', 'vg/none.jpg', 'vg/page.jpg'][i % 5],
      ),
    );
    const report = await clean(`[${many.join(',')}]`);
    expect(report.changed).toEqual({ EXTENSION_FIXED: 1200 });
    const first = await Promise.all(OUTPUTS.map(output));
    await clean(`[${many.join(',')}]`);
    expect(await Promise.all(OUTPUTS.map(output))).toEqual(first);
    const again = await clean(first[0] ?? '');
    expect(again).toMatchObject({ samples: 1800, untouched: 1800 });
    expect(await output('annotations.json')).toBe(first[0]);
  });

  it('does not open images at level exists', async () => {
    const report = await clean(`[${good(1, 'vg/page.jpg')}]`, { verify: 'exists' });
    expect(report).toMatchObject({ kept: 1, mislabelled: {} });
  });

  it('reads everything and writes nothing in a dry run', async () => {
    const report = await clean(`[${good(1)},${good(2, 'z.png')}]`, { dryRun: true });
    expect(report).toMatchObject({ kept: 1, dropped: { IMAGE_MISSING: 1 } });
    await expect(readdir(at('out'))).rejects.toThrow('ENOENT');
  });
});

describe('cleanDataset: what stops a run', () => {
  /** The error of a run; afterwards the old results must stand there as they were, and nothing else. */
  async function failure(run: () => Promise<unknown>) {
    await mkdir(at('out'), { recursive: true });
    for (const name of OUTPUTS) await writeFile(join(folder, 'out', name), 'old');
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect((await readdir(at('out'))).sort()).toEqual(OUTPUTS);
    for (const name of OUTPUTS) expect(await output(name)).toBe('old');
    return error;
  }

  it.each([
    ['a file that is no JSON', 'hello', 'NOT_JSON', 'line 1, column 1, byte 0'],
    [
      'garbage between samples',
      `[${good(1)},\n${good(2)};]`,
      'NOT_JSON',
      `line 2, column ${LENGTH + 1}, byte ${2 * LENGTH + 3}`,
    ],
    ['garbage in a sample', `[${good(1)},\n{"id":2,}]`, 'NOT_JSON', `line 2, column 9, byte ${LENGTH + 11}`],
    ['a comma too many', `[${good(1)},]`, 'NOT_JSON', `line 1, column ${LENGTH + 3}, byte ${LENGTH + 2}`],
    [
      'the middle of a sample',
      `[\n${good(1)},\n${good(2).slice(0, 20)}`,
      'CUT_SHORT',
      `line 3, column 21, byte ${LENGTH + 24}`,
    ],
    ['an empty file', '', 'CUT_SHORT', 'line 1, column 1, byte 0'],
    ['a gzip file cut short', gzipSync(`[${good(1)}]`).subarray(0, 60), 'BAD_GZIP', 'cannot be unpacked'],
    [
      'a damaged gzip file',
      Buffer.concat([gzipSync('[').subarray(0, 10), Buffer.alloc(50, 0xff)]),
      'BAD_GZIP',
      'cannot be unpacked',
    ],
  ])('%s', async (_, content, code, where) => {
    const error = await failure(() => clean(content));
    expect(error).toMatchObject({ name: 'DataPrepError', code, exitCode: 2 });
    expect(String(error)).toContain(where);
  });

  it('no annotation file', async () => {
    const error = await failure(() =>
      cleanDataset({ annotations: at('none.json'), images: at('images'), out: at('out') }),
    );
    expect(error).toMatchObject({ code: 'ANNOTATIONS_MISSING', file: at('none.json') });
  });

  it('a folder instead of an annotation file', async () => {
    const error = await failure(() =>
      cleanDataset({ annotations: at('images'), images: at('images'), out: at('out') }),
    );
    expect(error).toMatchObject({ code: 'NOT_A_FILE' });
  });

  it('no image folder', async () => {
    expect(await failure(() => clean('[]', { images: at('none') }))).toMatchObject({
      code: 'IMAGE_ROOT_MISSING',
    });
  });

  it.each([
    ['before the first sample', 1],
    ['after the last sample', 2],
  ])('an image folder that goes away %s', async (_, moment) => {
    const { signal } = new AbortController();
    let asked = 0;
    // The signal is asked at each chunk and at the end: a place in the middle of the run.
    signal.throwIfAborted = () => {
      asked += 1;
      if (asked === moment) renameSync(at('images'), at('moved'));
    };
    const error = await failure(() => clean(`[${good(1)}]`, { signal }));
    expect(error).toMatchObject({ code: 'IMAGE_ROOT_VANISHED', file: at('images') });
  });

  it('a signal', async () => {
    const reason = new Error('stop');
    expect(await failure(() => clean(`[${good(1)}]`, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it('another run into the same folder', async () => {
    await mkdir(at('out'));
    const release = await acquireLock(at('out/.clean.lock'));
    try {
      await expect(clean('[]')).rejects.toMatchObject({ code: 'LOCKED', exitCode: 75 });
    } finally {
      await release();
    }
    expect(await clean('[]')).toMatchObject({ samples: 0 });
  });

  it('an output that would replace the input', async () => {
    await mkdir(at('out'));
    await writeFile(at('out/annotations.json'), '[]');
    const run = cleanDataset({
      annotations: at('out/annotations.json'),
      images: at('images'),
      out: at('out'),
    });
    await expect(run).rejects.toMatchObject({ code: 'BAD_OPTION' });
    expect(await output('annotations.json')).toBe('[]');
  });

  it.each([
    ['an unknown level', { verify: 'closely' }, 'verify'],
    ['an unknown treatment of text', { textOnly: 'maybe' }, 'textOnly'],
    ['an empty path', { images: '' }, 'images'],
    ['an unknown option', { shuffel: 1 }, 'shuffel'],
  ])('%s', async (_, options, item) => {
    const error = await failure(() => clean('[]', options as Partial<CleanOptions>));
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(item) as string });
  });
});

describe('readSamples', () => {
  async function all(samples: AsyncIterable<Sample>): Promise<Sample[]> {
    const found: Sample[] = [];
    for await (const sample of samples) found.push(sample);
    return found;
  }

  async function read(content: string | Uint8Array): Promise<Sample[]> {
    await writeFile(at('clean.json'), content);
    return all(readSamples(at('clean.json')));
  }

  it('reads what cleanDataset wrote', async () => {
    await clean(`[${good(1)},${good('two', 'vg/gone.png')},${good(3, 'vg/3.png')}]`);
    expect(await read(await output('annotations.json'))).toEqual([
      JSON.parse(good(1)),
      JSON.parse(good(3, 'vg/3.jpg')),
    ]);
  });

  it('reads JSON lines whose last one is not ended', async () => {
    expect(await read(`${good(1)}\n${good(2)}`)).toHaveLength(2);
  });

  it.each([
    [
      'a bad shape',
      `[${good(1)},{"id":2}]`,
      'clean.json[1]: conversations: expected an array of turns, got nothing',
    ],
    ['a key that stands twice', '[{"id":1,"id":2}]', 'DUPLICATE_KEY'],
  ])('refuses %s', async (_, content, what) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'BAD_SAMPLE',
      message: expect.stringContaining(what) as string,
    });
  });

  it('refuses a file that ends in the middle of a sample', async () => {
    await writeFile(at('clean.json'), `[${good(1)}]`);
    await truncate(at('clean.json'), 50);
    await expect(all(readSamples(at('clean.json')))).rejects.toMatchObject({ code: 'CUT_SHORT' });
  });
});
