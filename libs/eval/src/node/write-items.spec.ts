import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InferItem, Reject } from '../item.js';
import { PNG, put, putBenchmarks, temporaryFolder, textvqaRow } from './benchmarks.fixture.js';
import { writeItems } from './write-items.js';

let folder: string;
let benchmarks: Awaited<ReturnType<typeof putBenchmarks>>;
let out: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  out = join(folder, 'out');
  benchmarks = await putBenchmarks(folder);
  return () => rm(folder, { recursive: true });
});

async function linesOf<T>(name: string): Promise<T[]> {
  const text = await readFile(join(out, name), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

/** Writes the questions of TextVQA and returns the codes of the rejects by id. */
async function rejectsOfTextvqa(...rows: unknown[]): Promise<Record<string, string>> {
  await put(folder, 'textvqa/TextVQA_0.5.1_val.json', { data: [textvqaRow(1, 'p1', 'yes'), ...rows] });
  await writeItems({ benchmarks: { textvqa: benchmarks.textvqa }, out, quiet: true });
  expect((await linesOf<InferItem>('items.jsonl'))[0]?.id).toBe('textvqa/1');
  return Object.fromEntries((await linesOf<Reject>('rejects.jsonl')).map(({ id, code }) => [id, code]));
}

describe('writeItems', () => {
  it('writes a line for each item of the three benchmarks, in their order', async () => {
    const report = await writeItems({ benchmarks, out, quiet: true });
    const items = await linesOf<InferItem>('items.jsonl');
    expect(items.map(({ id }) => id)).toEqual([
      'textvqa/34602',
      'textvqa/34603',
      'textvqa/34604',
      'vstar/direct_attributes/sa_10',
      'vstar/direct_attributes/sa_2',
      'vstar/relative_position/sa_2',
      'magnifier/M_1',
      'magnifier/M_2',
      'magnifier/M_3',
    ]);
    expect(items.map((item) => Object.keys(item).join()).slice(2, 4)).toEqual([
      'id,benchmark,image,imageSha256,prompt,maxNewTokens',
      'id,benchmark,image,imageSha256,prompt,options',
    ]);
    expect(items[3]).toMatchObject({
      image: `./images/${items[3]?.imageSha256}.webp`,
      options: ['Left. ', 'right', 'above'],
    });
    expect(report).toMatchObject({
      items: 9,
      rejected: 0,
      benchmarks: { vstar: { items: 3, published: 191, rejects: {} } },
    });
    expect(report.warnings).toEqual([
      'textvqa: 3 items, the published benchmark has 5000: scores do not compare',
      'vstar: 3 items, the published benchmark has 191: scores do not compare',
      'magnifier: 3 items, the published benchmark has 283: scores do not compare',
    ]);
  });

  it('makes files of base64 pictures, each once', async () => {
    await writeItems({ benchmarks: { magnifier: benchmarks.magnifier }, out, quiet: true });
    const images = (await linesOf<InferItem>('items.jsonl')).map(({ image }) => image);
    expect(images[0]).toBe(images[1]);
    expect(await readFile(join(out, images[0] ?? ''))).toEqual(PNG);
    expect(await readdir(join(out, 'images'))).toHaveLength(2);
    expect(images[2]).toMatch(/^\.\/images\/[0-9a-f]{64}\.png$/);
  });

  it('names pictures from a root, and writes the same bytes wherever that is', async () => {
    await writeItems({ benchmarks, out, root: folder, quiet: true });
    const items = await linesOf<InferItem>('items.jsonl');
    expect(items[0]?.image).toBe('textvqa/train_images/p1.jpg');
    expect(items[6]?.image).toMatch(/^\.\/images\//);
    const other = await temporaryFolder();
    await writeItems({
      benchmarks: await putBenchmarks(other),
      out: join(other, 'x/out'),
      root: other,
      quiet: true,
    });
    expect(await readFile(join(other, 'x/out/items.jsonl'))).toEqual(
      await readFile(join(out, 'items.jsonl')),
    );
    await rm(other, { recursive: true });
  });

  it('finds relative folders below the root', async () => {
    const relative = { vstar: { path: 'vstar' } };
    expect(await writeItems({ benchmarks: relative, out, root: folder, quiet: true })).toMatchObject({
      items: 3,
    });
  });

  it('accepts the folder that holds the published one, and the published one', async () => {
    const inside = { path: join(benchmarks.vstar.path, 'vstar_bench') };
    const report = await writeItems({ benchmarks: { vstar: inside }, out, quiet: true });
    expect(report.items).toBe(3);
  });

  it('writes nothing in a dry run', async () => {
    expect(await writeItems({ benchmarks, out, quiet: true, dryRun: true })).toMatchObject({ items: 9 });
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });

  it('keeps lines whole where a question has line separators', async () => {
    const row = { ...textvqaRow(2, 'p1', 'x'), question: 'a\u2028b\n"c"\t\u202e' };
    expect(await rejectsOfTextvqa(row)).toEqual({});
    expect(await readFile(join(out, 'items.jsonl'), 'utf8')).not.toContain('\u2028');
    expect((await linesOf<InferItem>('items.jsonl'))[1]?.prompt).toContain('a\u2028b\n"c"\t\u202e');
  });

  it('records each item that cannot be asked, with a code', async () => {
    await put(folder, 'textvqa/train_images/empty.jpg', '');
    const row = textvqaRow(0, 'p1', 'x');
    expect(
      await rejectsOfTextvqa(
        { ...row, question_id: '1' },
        { ...row, question_id: 2, answers: [] },
        { ...row, question_id: 3, image_id: 'gone' },
        { ...row, question_id: 4, image_id: 'empty' },
        { ...row, question_id: 5, image_id: '../../secret' },
        { ...row, question_id: 6, question: 'what <image> is it?' },
        { ...row, question_id: 7, question: 7 },
        { ...row, question_id: null },
        'not a row',
      ),
    ).toEqual({
      'textvqa/1': 'DUPLICATE_ID',
      'textvqa/2': 'NO_ANSWERS',
      'textvqa/3': 'PICTURE_MISSING',
      'textvqa/4': 'PICTURE_EMPTY',
      'textvqa/5': 'PICTURE_OUTSIDE',
      'textvqa/6': 'IMAGE_TAG_IN_TEXT',
      'textvqa/7': 'ITEM_INVALID',
      'textvqa/#8': 'ITEM_INVALID',
      'textvqa/#9': 'ITEM_INVALID',
    });
  });

  it('warns of another number of answers', async () => {
    const row = { ...textvqaRow(1, 'p1', 'x'), answers: ['x'] };
    await put(folder, 'textvqa/TextVQA_0.5.1_val.json', { data: [row] });
    const { warnings } = await writeItems({ benchmarks: { textvqa: benchmarks.textvqa }, out, quiet: true });
    expect(warnings[1]).toBe('textvqa: 1 of 1 items have another number of answers than 10');
  });

  it('records faults of V* files one by one', async () => {
    const part = 'vstar/vstar_bench/direct_attributes';
    const cases: [string, unknown][] = [
      ['json', '{"question": "q",'],
      ['none', { question: 'q', options: [] }],
      ['one', { question: 'q', options: ['a'] }],
      ['equal', { question: 'q', options: ['a', 'b', 'a'] }],
      ['empty', { question: 'q', options: ['a', ' '] }],
      ['picture', { question: 'q', options: ['a', 'b'] }],
    ];
    for (const [name, content] of cases) {
      await put(folder, `${part}/${name}.json`, content);
      if (name !== 'picture') await put(folder, `${part}/${name}.jpeg`, 'jpeg');
    }
    const report = await writeItems({ benchmarks: { vstar: benchmarks.vstar }, out, quiet: true });
    expect(report).toMatchObject({ items: 3, rejected: 6 });
    expect(report.benchmarks.vstar?.rejects).toEqual({
      EMPTY_OPTION: 1,
      EQUAL_OPTIONS: 1,
      NOT_JSON: 1,
      NO_OPTIONS: 2,
      PICTURE_MISSING: 1,
    });
  });

  it('records faults of base64 pictures for every item that needs them', async () => {
    await put(folder, 'magnifier/images.json', { I_1: 'no base64!' });
    const all = writeItems({ benchmarks: { magnifier: benchmarks.magnifier }, out, quiet: true });
    await expect(all).rejects.toThrow(
      /no item of "magnifier" can be asked: 3 rejected.*BAD_BASE64.*NO_ITEMS/,
    );
    await put(folder, 'magnifier/images.json', { 7: PNG.toString('base64'), I_1: '' });
    const report = await writeItems({ benchmarks: { magnifier: benchmarks.magnifier }, out, quiet: true });
    expect(report.benchmarks.magnifier?.rejects).toEqual({ PICTURE_EMPTY: 2 });
    await put(folder, 'magnifier/images.json', { 7: PNG.toString('base64') });
    await writeItems({ benchmarks: { magnifier: benchmarks.magnifier }, out, quiet: true });
    expect((await linesOf<Reject>('rejects.jsonl')).map(({ code }) => code)).toEqual([
      'PICTURE_MISSING',
      'PICTURE_MISSING',
    ]);
  });

  it('says what a folder lacks and where it comes from', async () => {
    await rm(join(benchmarks.magnifier.path, 'images.json'));
    await expect(writeItems({ benchmarks, out, quiet: true })).rejects.toThrow(
      /magnifier: the benchmark "magnifier" lacks images\.json; get it from https:\S+ \(BENCHMARK_INCOMPLETE\)$/,
    );
    const nowhere = { textvqa: { path: join(folder, 'nowhere') } };
    await expect(writeItems({ benchmarks: nowhere, out, quiet: true })).rejects.toThrow(
      /lacks TextVQA_0\.5\.1_val\.json, train_images;/,
    );
  });

  it.each([
    ['cut short', '{"data": [{"question_id": 1'],
    ['another shape', '{"data": {"a": 1}}'],
    ['no JSON', 'version https://git-lfs.github.com/spec/v1'],
  ])('refuses a file that is %s', async (_, text) => {
    await writeFile(join(benchmarks.textvqa.path, 'TextVQA_0.5.1_val.json'), text);
    await expect(writeItems({ benchmarks, out, quiet: true })).rejects.toThrow(
      /TextVQA_0\.5\.1_val\.json: expected a JSON document with an array under "data".*\(NOT_JSON\)$/,
    );
  });

  it('refuses unknown names and protocols, and lists the known', async () => {
    const unknown = { vqav9: { path: folder } };
    await expect(writeItems({ benchmarks: unknown, out })).rejects.toThrow(
      /textvqa, vstar, magnifier, rsvqa-hrben, docvqa, chartqa, pope, refcoco, or .*\(BENCHMARK_UNKNOWN\)/,
    );
    const protocol = { textvqa: { path: folder, protocol: 'multi' } };
    await expect(writeItems({ benchmarks: protocol, out })).rejects.toThrow(
      /choose of plain, ocr \(PROTOCOL_UNKNOWN\)/,
    );
  });
});
