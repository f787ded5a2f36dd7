import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InferItem } from '../item.js';
import { answerItems, type Model } from './answer-items.js';
import { put, putOtherBenchmarks, temporaryFolder } from './benchmarks.fixture.js';
import { readJsonLines } from './json-lines.js';
import { scoreAnswers } from './score-answers.js';
import { writeItems } from './write-items.js';

type Name = keyof Awaited<ReturnType<typeof putOtherBenchmarks>>;

let folder: string;
let benchmarks: Awaited<ReturnType<typeof putOtherBenchmarks>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  benchmarks = await putOtherBenchmarks(folder);
  return () => rm(folder, { recursive: true });
});

async function itemsOf(name: Name) {
  const out = join(folder, 'items');
  const report = await writeItems({
    benchmarks: { [name]: benchmarks[name] },
    out,
    root: folder,
    quiet: true,
  });
  const items: InferItem[] = [];
  for await (const { value } of readJsonLines(join(out, 'items.jsonl'))) items.push(value as InferItem);
  return { items, report };
}

/** Rejects of a benchmark after one of its files was replaced. */
async function rejectsWith(name: Name, file: string, content: unknown) {
  await put(folder, file, content);
  return (await itemsOf(name)).report.benchmarks[name];
}

/** Results of a model that answers by the words of the prompt. */
async function scored(name: Name, says: (prompt: string) => string) {
  await itemsOf(name);
  const model: Model = {
    generate: ({ prompt }) => Promise.resolve({ text: says(prompt) }),
    scoreOptions: () => Promise.reject(new Error('nobody asks')),
  };
  const items = join(folder, 'items/items.jsonl');
  const answers = { model: join(folder, 'answers.jsonl') };
  await answerItems({ items, model, out: answers.model, root: folder, quiet: true });
  const chosen = { [name]: benchmarks[name] };
  const results = await scoreAnswers({
    benchmarks: chosen,
    root: folder,
    items,
    answers,
    out: join(folder, 'out'),
  });
  return { tasks: results.results['model'] ?? {}, errors: results.errors['model']?.[name] };
}

const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('every benchmark', () => {
  it.each([
    ['rsvqa-hrben', 2, 62_554],
    ['docvqa', 2, 5349],
    ['chartqa', 4, 2500],
    ['pope', 6, 9000],
    ['refcoco', 2, 4896],
  ] as const)('%s: reads %i items, and says that %i are published', async (name, count, published) => {
    const { items, report } = await itemsOf(name);
    expect(items).toHaveLength(count);
    expect(report.benchmarks[name]).toEqual({ items: count, published, rejects: {} });
    expect(report.warnings).toEqual([
      `${name}: ${count} items, the published benchmark has ${published}: scores do not compare`,
    ]);
    const short = 'Answer the question using a single word or phrase. ASSISTANT:';
    for (const { prompt } of items) expect(prompt.endsWith(short)).toBe(name !== 'refcoco');
  });

  it.each([
    ['rsvqa-hrben', 'rsvqa/Data', /lacks Data; get it from https:\/\/zenodo/],
    ['docvqa', 'docvqa/images', /lacks documents or images or spdocvqa_images; get it from https:\/\/rrc/],
    ['chartqa', 'chartqa/test/png', /lacks png; get it from https:\/\/github\.com\/vis-nlp/],
    ['pope', 'pope/coco_pope_popular.json', /lacks coco_pope_popular\.json; get it from https:\/\/github/],
    ['refcoco', 'refcoco/refcocog_val.jsonl', /lacks refcocog_val\.jsonl; get it from https:\/\/github/],
  ] as const)('%s: says what is missing', async (name, path, message) => {
    await rm(join(folder, path), { recursive: true });
    await expect(itemsOf(name)).rejects.toThrow(message);
  });
});

describe('RSVQA', () => {
  it('asks active presence and comparison questions, joined by id, and scores each type', async () => {
    const { items } = await itemsOf('rsvqa-hrben');
    expect(items.map(({ id, image }) => [id, image])).toEqual([
      ['rsvqa-hrben/1', 'rsvqa/Data/1.png'],
      ['rsvqa-hrben/4', 'rsvqa/Data/0.tif'],
    ]);
    const { tasks } = await scored('rsvqa-hrben', () => 'Yes.');
    expect(tasks['rsvqa-hrben_presence']).toMatchObject({ n: 1, accuracy_plain: 1 });
    expect(tasks['rsvqa-hrben_comp']).toMatchObject({ n: 1, accuracy_plain: 0 });
    expect(tasks['rsvqa-hrben']).toMatchObject({
      accuracy_plain: 0.5,
      accuracy_plain_mean: 0.5,
      unparseable: 0,
    });
  });

  it('rejects questions without an answer, without a picture, and rows that are none', async () => {
    const row = { id: 1, img_id: 1, type: 'presence', question: 'q?', active: true };
    const file = 'rsvqa/USGS_split_test_phili_questions.json';
    const questions = [
      row,
      { ...row, id: 9 },
      { ...row, id: 4, img_id: 7 },
      { ...row, id: 3 },
      'x',
      { ...row, type: 7 },
    ];
    expect(await rejectsWith('rsvqa-hrben', file, { questions })).toMatchObject({
      items: 1,
      rejects: { ITEM_INVALID: 3, NO_ANSWERS: 1, PICTURE_MISSING: 1 },
    });
  });
});

describe('DocVQA', () => {
  it('finds pictures by name, and scores likeness', async () => {
    const { items } = await itemsOf('docvqa');
    expect(items.map(({ id, image }) => [id, image])).toEqual([
      ['docvqa/49153', 'docvqa/images/pybv0228_81.png'],
      ['docvqa/24580', 'docvqa/images/p.png'],
    ]);
    const { tasks } = await scored('docvqa', (prompt) => (prompt.includes('Who') ? 'Smyth' : 'june'));
    expect(tasks['docvqa']).toMatchObject({ metric: 'anls_plain', n: 2, anls_plain: 0.4 });
  });

  it('rejects questions without answers', async () => {
    const row = { questionId: 1, question: 'q', image: 'documents/p.png', answers: ['x'] };
    const data = [
      row,
      { ...row, questionId: 2, answers: [] },
      { ...row, questionId: '1' },
      { questionId: 3 },
    ];
    expect(await rejectsWith('docvqa', 'docvqa/val_v1.0_withQT.json', { data })).toMatchObject({
      items: 1,
      rejects: { DUPLICATE_ID: 1, ITEM_INVALID: 1, NO_ANSWERS: 1 },
    });
  });
});

describe('ChartQA', () => {
  it('scores the halves and their mean', async () => {
    const { tasks } = await scored('chartqa', (prompt) => (prompt.includes('How') ? '14.5' : 'red'));
    expect(Object.keys(tasks)).toEqual(['chartqa', 'chartqa_human', 'chartqa_augmented']);
    expect(tasks['chartqa_human']).toMatchObject({ n: 2, relaxed_accuracy_plain: 0.5 });
    expect(tasks['chartqa']).toMatchObject({ relaxed_accuracy_plain: 0.5, relaxed_accuracy_plain_mean: 0.5 });
  });

  it('rejects rows without a label, and names that leave the folder', async () => {
    const row = { imgname: '41699051005347.png', query: 'q', label: 7 };
    const rows = [row, { ...row, label: '' }, { ...row, imgname: '../../secret.png' }, null];
    expect(await rejectsWith('chartqa', 'chartqa/test/test_human.json', rows)).toMatchObject({
      items: 3,
      rejects: { ITEM_INVALID: 2, PICTURE_OUTSIDE: 1 },
    });
  });
});

describe('POPE', () => {
  it('scores each file, and the mean F1', async () => {
    const { items } = await itemsOf('pope');
    expect(items.map(({ id }) => id).slice(1, 3)).toEqual(['pope/random/2', 'pope/popular/1']);
    const { tasks } = await scored('pope', () => 'Yes');
    expect(tasks['pope_popular']).toMatchObject({
      accuracy_plain: 0.5,
      yes_ratio_plain: 1,
      precision_plain: 0.5,
      recall_plain: 1,
      f1_plain: 2 / 3,
    });
    expect(tasks['pope']?.['f1_plain_mean']).toBeCloseTo(2 / 3, 12);
    expect(tasks['pope_random']?.['f1_plain_interval95']).toEqual([2 / 3, 2 / 3]);
  });

  it('gives 0 where nothing is answered yes, and takes silence for a yes beside the strict reading', async () => {
    const never = await scored('pope', () => 'No.');
    expect(never.tasks['pope_random']).toMatchObject({ precision_plain: 0, recall_plain: 0, f1_plain: 0 });
    const silent = await scored('pope', () => '');
    expect(silent.tasks['pope']).toMatchObject({ accuracy_plain: 0.5, accuracy_plain_strict: 0, empty: 1 });
  });

  it('rejects labels that are neither, and two equal ids in a file', async () => {
    const row = { question_id: 1, image: 'COCO_val2014_000000310196.jpg', text: 'Is there?', label: 'yes' };
    const rows = lines(row, { ...row, question_id: '1' }, { ...row, question_id: 2, label: 'maybe' });
    expect(await rejectsWith('pope', 'pope/coco_pope_random.json', rows)).toMatchObject({
      items: 5,
      rejects: { DUPLICATE_ID: 1, ITEM_INVALID: 1 },
    });
  });
});

describe('RefCOCO', () => {
  it('asks for a box in a stretched picture, and scores small and large ones apart', async () => {
    const { items } = await itemsOf('refcoco');
    expect(items[0]).toMatchObject({ id: 'refcoco/refcocog_val/1', maxNewTokens: 512, stretch: true });
    expect(items[0]?.prompt).toContain(
      'USER: <image>\nPlease provide the bounding box coordinate of the region this sentence describes: the dog. ASSISTANT:',
    );
    const { tasks } = await scored('refcoco', (prompt) =>
      prompt.includes('dog') ? '[0, 0, 0.5, 0.3]' : '[0, 0, 1, 1]',
    );
    expect(tasks['refcoco']).toMatchObject({
      metric: 'accuracy_refcocog_val',
      n: 2,
      accuracy_refcocog_val: 0.5,
    });
    expect(tasks['refcoco_large']).toMatchObject({ n: 1, accuracy_refcocog_val: 1 });
    expect(tasks['refcoco_small']).toMatchObject({ n: 1, accuracy_refcocog_val: 0 });
  });

  it('records a broken box as an error; an answer without one is wrong', async () => {
    const hostile = await scored('refcoco', (prompt) =>
      prompt.includes('dog') ? '[0.1, 1e309, __import__]' : 'no idea',
    );
    expect(hostile.errors).toEqual({ BOX_INVALID: 1 });
    expect(hostile.tasks['refcoco']).toMatchObject({
      n: 1,
      errors: 1,
      unparseable: 1,
      accuracy_refcocog_val: 0,
    });
  });

  it('rejects boxes without an area or beyond the picture', async () => {
    const row = { image: 'COCO_train2014_1.jpg', sent: 's', bbox: [0, 0, 64, 48], width: 640, height: 480 };
    const boxes = [
      [0, 0, 0, 48],
      [0, 0, 641, 48],
      [9, 9, 0, 0],
      [0, 0, 64],
      [-1, 0, 64, 48],
      ['0', 0, 1, 1],
    ];
    const rows = lines(row, ...boxes.map((bbox) => ({ ...row, bbox })));
    expect(await rejectsWith('refcoco', 'refcoco/refcocog_val.jsonl', rows)).toMatchObject({
      items: 1,
      rejects: { ITEM_INVALID: 6 },
    });
  });

  it('knows the number of expressions of each split', async () => {
    await put(
      folder,
      'refcoco/refcoco+_testB.jsonl',
      lines({ image: 'COCO_train2014_1.jpg', sent: 's', bbox: [0, 0, 1, 1], width: 2, height: 2 }),
    );
    const setting = { ...benchmarks.refcoco, protocol: 'refcoco+_testB' };
    const report = await writeItems({
      benchmarks: { refcoco: setting },
      out: join(folder, 'x'),
      quiet: true,
    });
    expect(report.benchmarks['refcoco']).toMatchObject({ items: 1, published: 4889 });
  });
});
