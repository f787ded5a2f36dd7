import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CleanOptions } from './clean-options.js';
import { mergeShards } from './merge-shards.js';
import { SmallDataset, sampleText } from './small-dataset.fixture.js';

let dataset: SmallDataset;
beforeEach(async () => {
  dataset = await SmallDataset.make();
  const samples = Array.from({ length: 700 }, (_, i) => {
    const image = ['a/1.jpg', 'a/2.png', `gone-${i % 11}.jpg`, 'b/3.jpg', '"quoted.jpg'][i % 5] ?? '';
    return sampleText(i % 400, image.replace('"', '\\"'), i % 3 === 0 ? ' What? ' : `What ${i % 20}?`);
  });
  await dataset.write('mix.json', `[${samples.join(',\n')},1,{"id":"text","conversations":[]}]`);
});
afterEach(() => dataset.remove());

async function cleanShards(of: number, options: Partial<CleanOptions> = {}): Promise<string[]> {
  const folders = Array.from({ length: of }, (_, index) => dataset.path(`part-${index}`));
  for (const [index, out] of folders.entries())
    await dataset.clean({ ...options, out, shard: { index, of } });
  return folders;
}

describe('mergeShards', () => {
  it.each([
    [1, {}],
    [2, {}],
    [3, { dedupe: 'id' }],
    [4, { dedupe: 'content', shuffle: 3 }],
    [5, { limit: 100, format: 'jsonl' }],
    [7, { shuffle: 3, limit: 100 }],
  ] as const)('gives the same bytes as a run without shards: %i, %j', async (of, options) => {
    const shards = await cleanShards(of, options);
    const merged = await mergeShards({ shards: shards.toReversed(), out: dataset.path('merged') });
    expect(merged).toEqual(await dataset.clean(options));
    expect(await dataset.files('merged')).toEqual(await dataset.files('out'));
  });

  it('tells the same and writes nothing on a dry run', async () => {
    const options = { shuffle: 3, limit: 100 };
    const shards = await cleanShards(3, options);
    const told = await mergeShards({ shards, out: dataset.path('merged'), dryRun: true });
    expect(told).toEqual(await dataset.clean(options));
    await expect(dataset.files('merged')).rejects.toThrow('ENOENT');
  });

  it('does so for several files, one of them empty', async () => {
    const annotations = [
      dataset.path('mix.json'),
      await dataset.write('none.json', '[]'),
      dataset.path('mix.json'),
    ];
    const shards = await cleanShards(3, { annotations });
    const merged = await mergeShards({ shards, out: dataset.path('merged') });
    expect(merged).toEqual(await dataset.clean({ annotations }));
    expect(await dataset.files('merged')).toEqual(await dataset.files('out'));
  });

  it('does so for more shards than samples', async () => {
    await dataset.write('mix.json', `[${sampleText(1)}]`);
    const merged = await mergeShards({ shards: await cleanShards(3), out: dataset.path('merged') });
    expect(merged).toMatchObject({ samples: 1, kept: 1 });
  });

  it.each([
    ['a shard that is missing', [0, 2], 'shard 1/3 is missing'],
    ['a shard that is there twice', [0, 1, 2, 1], 'shard 1/3 is there twice'],
    ['no shard', [], 'expected at least one'],
  ])('refuses %s', async (_, chosen, what) => {
    const shards = await cleanShards(3);
    const merging = mergeShards({
      shards: chosen.map((i) => shards[i] ?? ''),
      out: dataset.path('merged'),
    });
    await expect(merging).rejects.toMatchObject({
      code: 'BAD_SHARDS',
      exitCode: 2,
      message: expect.stringContaining(what) as string,
    });
  });

  it.each([
    ['other annotations', `[${sampleText(1)}]`, {}],
    ['other settings', undefined, { textOnly: 'keep' }],
  ] as const)('refuses a shard made from %s', async (_, changed, options) => {
    const [first = '', second = ''] = await cleanShards(2);
    if (changed !== undefined) await dataset.write('mix.json', changed);
    await dataset.clean({ out: second, shard: { index: 1, of: 2 }, ...options });
    await expect(mergeShards({ shards: [first, second], out: dataset.path('merged') })).rejects.toMatchObject(
      {
        code: 'BAD_SHARDS',
        file: second,
      },
    );
  });

  it('refuses a folder that is no shard', async () => {
    await dataset.clean();
    const merging = mergeShards({ shards: [dataset.path('out')], out: dataset.path('merged') });
    await expect(merging).rejects.toMatchObject({ code: 'BAD_SHARDS', file: dataset.path('out') });
  });

  it.each([
    ['outcomes.bin', (bytes: Buffer) => bytes.subarray(0, -4)],
    ['outcomes.bin', (bytes: Buffer) => Buffer.alloc(bytes.length, 0xff)],
    ['rejects.jsonl', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('\n') + 1)],
    ['missing-images.txt', () => Buffer.alloc(0)],
    ['annotations.json', () => Buffer.from('[]')],
  ])('refuses a shard whose %s is damaged', async (name, damage) => {
    const shards = await cleanShards(2);
    const path = `${shards[1]}/${name}`;
    await writeFile(path, damage(await readFile(path)));
    await expect(mergeShards({ shards, out: dataset.path('merged') })).rejects.toMatchObject({
      code: 'BAD_SHARDS',
      file: shards[1],
    });
    expect(await dataset.files('merged')).toEqual({});
  });
});
