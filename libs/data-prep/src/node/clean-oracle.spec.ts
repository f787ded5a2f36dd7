import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import streamArray from 'stream-json/streamers/stream-array.js';
import { cleanStream, type TextOnly } from '../clean-sample.js';
import { randomFrom, randomSamples } from '../generated-json.fixture.js';
import { cleanDataset } from './clean-dataset.js';
import { openImageIndex } from './image-files.js';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n0123456789', 'latin1');
const IMAGES = ['coco/1.png', 'coco/1.jpg', 'coco/2.png', 'vg/empty.png', 'vg/none.png', '../3.png'] as const;
const SAMPLES = 8_000;
let folder = '';
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-prep-oracle-'));
  await mkdir(at('images/coco'), { recursive: true });
  await mkdir(at('images/vg'));
  for (const name of ['coco/1.png', 'coco/2.png']) await writeFile(join(folder, 'images', name), PNG);
  await writeFile(at('images/vg/empty.png'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What stream-json and the rules for parsed values, one by one, make of the file. */
async function expected(textOnly: TextOnly): Promise<{ kept: unknown[]; codes: Map<number, string> }> {
  const kept: unknown[] = [];
  const codes = new Map<number, string>();
  const index = await openImageIndex(at('images'));
  let place = 0;
  const values = async function* () {
    const stream = createReadStream(at('mix.json')).pipe(streamArray.withParserAsStream());
    for await (const { value } of stream as AsyncIterable<{ value: unknown }>) yield value;
  };
  for await (const result of cleanStream(values(), index, { textOnly })) {
    if (result.kept) kept.push(result.sample);
    else codes.set(place, result.code);
    place += 1;
  }
  await index.close();
  return { kept, codes };
}

describe('cleanDataset against stream-json and the rules for one sample', () => {
  it.each(['placeholder', 'keep', 'drop'] as const)(
    'agrees on 8,000 generated samples, text only: %s',
    async (textOnly) => {
      await writeFile(at('mix.json'), randomSamples(randomFrom(textOnly.length), SAMPLES, IMAGES));
      const theirs = await expected(textOnly);
      const paths = { annotations: at('mix.json'), images: at('images'), out: at('out') };
      const report = await cleanDataset({ ...paths, textOnly, quiet: true });
      const codes = new Map(theirs.codes);
      const ofBytes: number[] = [];
      for (const line of (await readFile(at('out/rejects.jsonl'), 'utf8')).trimEnd().split('\n')) {
        const { index, code } = JSON.parse(line) as { index: number; code: string };
        // What only the bytes tell, a parsed value does not show any more.
        if (code === 'DUPLICATE_KEY' || code === 'PROTO_KEY') ofBytes.push(index);
        else expect([index, code]).toEqual([index, theirs.codes.get(index)]);
        codes.delete(index);
      }
      expect([...codes]).toEqual([]);
      const dropped = new Set([...theirs.codes.keys()]);
      const places = Array.from({ length: SAMPLES }, (_, i) => i).filter((i) => !dropped.has(i));
      const wanted = theirs.kept.filter((_, i) => !ofBytes.includes(places[i] ?? -1));
      expect(JSON.parse(await readFile(at('out/annotations.json'), 'utf8'))).toEqual(wanted);
      expect(report).toMatchObject({ samples: SAMPLES, kept: wanted.length });
      expect(wanted.length).toBeGreaterThan(SAMPLES / 4);
      expect(report.untouched).toBeGreaterThan(200);
    },
  );
});
