import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeRun, put } from './run.fixture.js';
import { readColumns } from './read-columns.js';
import { readSizedAnswers } from './read-object-sizes.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sizes-'));
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

it('takes the smallest box beside a picture of V*, and passes over items without one', async () => {
  const options = await makeRun(folder);
  const picture = await sharp({ create: { width: 180, height: 100, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const stem = join(folder, 'vstar/vstar_bench/direct_attributes/sa_0');
  await put(`${stem}.png`, picture);
  const bbox = [
    [0, 0, 90, 100],
    [10, 10, 18, 10],
  ];
  await put(`${stem}.json`, JSON.stringify({ bbox, question: '', options: [] }));
  const columns = await readColumns(options, ['base', 'flexattn'], options.config.models);
  const answers = await readSizedAnswers(columns, (image) => join(folder, image));
  expect(answers.map(({ id, model, position, share }) => [id, model, position, share])).toEqual([
    ['vstar/direct_attributes/sa_0', 'base', 0, 0.01],
    ['vstar/direct_attributes/sa_0', 'flexattn', 1, 0.01],
  ]);
});
