import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shuffledOrder } from '../shuffled-order.js';
import { SmallDataset, sampleText } from './small-dataset.fixture.js';

let dataset: SmallDataset;
beforeEach(async () => {
  dataset = await SmallDataset.make();
});
afterEach(() => dataset.remove());

const array = (...samples: string[]) => `[${samples.join(',')}]`;
const ids = (text: string | undefined) => (JSON.parse(text ?? '') as { id: number }[]).map(({ id }) => id);

describe('cleanDataset with several files', () => {
  it('takes them in order, each with its image root, and counts them apart', async () => {
    await dataset.write('other/5.jpg', Buffer.from('\xff\xd8\xff\xe0', 'latin1'));
    const first = await dataset.write('1.json', array(sampleText(1), sampleText(2, 'gone.jpg')));
    const second = await dataset.write('2.jsonl.gz', gzipSync(`${sampleText(3, '5.jpg')}\n[]\n`));
    const report = await dataset.clean({
      annotations: [first, { annotations: second, images: dataset.path('other') }],
    });
    const files = await dataset.files();
    expect(ids(files['annotations.json'])).toEqual([1, 3]);
    expect(files['rejects.jsonl']?.match(/"index":\d/g)).toEqual(['"index":1', '"index":3']);
    expect(report).toMatchObject({ samples: 4, kept: 2 });
    expect(report.inputs).toMatchObject([
      { samples: 2, kept: 1, dropped: { IMAGE_MISSING: 1 } },
      { samples: 2, kept: 1, dropped: { BAD_SHAPE: 1 } },
    ]);
  });

  it('names the one that is no JSON', async () => {
    const first = await dataset.write('1.json', array(sampleText(1)));
    const second = await dataset.write('2.json', 'x');
    await expect(dataset.clean({ annotations: [first, second] })).rejects.toMatchObject({
      code: 'NOT_JSON',
      file: second,
    });
  });

  it('needs an image root for each', async () => {
    const annotations = dataset.path('mix.json');
    await expect(dataset.clean({ annotations, images: undefined })).rejects.toMatchObject({
      code: 'BAD_OPTION',
      item: 'images',
    });
  });
});

describe('cleanDataset to JSON lines', () => {
  it('puts each sample on one line and keeps the rest of its bytes', async () => {
    const spread = sampleText(1.5).replace('{"id":1.5,', '{\r\n  "id" : 1.50,\n\t');
    const other = sampleText('é').replace('<image>\\nWhat?', 'What?');
    await dataset.write('mix.json', array(spread, other));
    await dataset.clean({ format: 'jsonl' });
    const files = await dataset.files();
    expect(files['annotations.jsonl']).toBe(
      `${sampleText(1.5).replace('{"id":1.5,', '{"id" : 1.50,')}\n${sampleText('é')}\n`,
    );
    expect(Object.keys(files)).not.toContain('annotations.json');
  });

  it('writes nothing where nothing is kept', async () => {
    await dataset.write('mix.json', '[]');
    await dataset.clean({ format: 'jsonl' });
    expect((await dataset.files())['annotations.jsonl']).toBe('');
  });

  it('leaves no array of an earlier run beside it', async () => {
    await dataset.write('mix.json', array(sampleText(1)));
    await dataset.clean();
    await dataset.clean({ format: 'jsonl' });
    expect(Object.keys(await dataset.files())).toEqual([
      'annotations.jsonl',
      'missing-images.txt',
      'rejects.jsonl',
      'report.json',
    ]);
  });
});

describe('cleanDataset: which samples, in which order', () => {
  const many = Array.from({ length: 500 }, (_, i) => sampleText(i, i % 7 === 0 ? 'gone.jpg' : 'a/1.jpg'));
  const kept = many.flatMap((_, i) => (i % 7 === 0 ? [] : [i]));

  it('shuffles by the seed', async () => {
    await dataset.write('mix.json', array(...many));
    const report = await dataset.clean({ shuffle: 5 });
    const files = await dataset.files();
    const order = [...shuffledOrder(5, kept.length)].map((place) => kept[place]);
    expect(ids(files['annotations.json'])).toEqual(order);
    expect(report).toEqual(await dataset.clean());
    expect(files['rejects.jsonl']).toBe((await dataset.files())['rejects.jsonl']);
  });

  it('shuffles nothing', async () => {
    await dataset.write('mix.json', '[]');
    expect(await dataset.clean({ shuffle: 5 })).toMatchObject({ samples: 0 });
    expect((await dataset.files())['annotations.json']).toBe('[]\n');
  });

  it('stops at the limit: what stands behind is not read', async () => {
    await dataset.write(
      'mix.json',
      array(sampleText(1), sampleText(2, 'gone.jpg'), sampleText(3), sampleText(4)),
    );
    const report = await dataset.clean({ limit: 2 });
    expect(ids((await dataset.files())['annotations.json'])).toEqual([1, 3]);
    expect(report).toMatchObject({ samples: 3, kept: 2, dropped: { IMAGE_MISSING: 1 } });
  });

  it('keeps the first of the shuffled samples, and counts the others', async () => {
    await dataset.write('mix.json', array(...many));
    await dataset.clean({ shuffle: 5 });
    const all = ids((await dataset.files())['annotations.json']);
    const report = await dataset.clean({ shuffle: 5, limit: 10 });
    expect(ids((await dataset.files())['annotations.json'])).toEqual(all.slice(0, 10));
    expect(report).toMatchObject({ samples: 500, kept: 10, untouched: 10 });
    expect(report.dropped).toEqual({ IMAGE_MISSING: 72, OVER_LIMIT: 418 });
    expect(await dataset.clean({ shuffle: 5, limit: 10, dryRun: true })).toEqual(report);
  });

  it.each([
    ['id', [1, 2, 3], 'an earlier sample has its id'],
    ['content', [1, 3, 1], 'an earlier sample has its image and conversation'],
  ] as const)('drops duplicates by %s, after the other rules', async (dedupe, expected, detail) => {
    await dataset.write(
      'mix.json',
      array(
        sampleText(1, 'gone.jpg'),
        sampleText(1),
        sampleText(2).replace('<image>\\nWhat?', 'What?'),
        sampleText(3, 'b/3.jpg'),
        sampleText(1, 'a/2.jpg'),
      ),
    );
    const report = await dataset.clean({ dedupe });
    const files = await dataset.files();
    expect(ids(files['annotations.json'])).toEqual(expected);
    expect(report.dropped).toEqual({ DUPLICATE: 1, IMAGE_MISSING: 1 });
    expect(files['rejects.jsonl']).toContain(`"code":"DUPLICATE","detail":"${detail}"`);
    expect(report.kept + 2).toBe(report.samples);
  });

  it.each([
    ['a limit of 0', { limit: 0 }, 'limit'],
    ['a seed below 0', { shuffle: -1 }, 'shuffle'],
    ['a seed that is no whole number', { shuffle: 0.5 }, 'shuffle'],
    ['a shard beyond the last', { shard: { index: 2, of: 2 } }, 'shard'],
    ['standard output, shuffled', { out: '-', shuffle: 1 }, 'out'],
    ['standard output as an array', { out: '-', format: 'json' }, 'out'],
  ] as const)('refuses %s', async (_, options, item) => {
    await dataset.write('mix.json', '[]');
    await expect(dataset.clean(options)).rejects.toMatchObject({ code: 'BAD_OPTION', item });
    await expect(dataset.clean({ limit: 1, shuffle: 0, shard: { index: 1, of: 2 } })).resolves.toBeDefined();
  });
});
