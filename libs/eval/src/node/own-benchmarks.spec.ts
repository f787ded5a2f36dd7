import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InferItem, Reject } from '../item.js';
import type { MetricName } from '../named-metrics.js';
import { answerItems, type Model } from './answer-items.js';
import { PNG, put, temporaryFolder } from './benchmarks.fixture.js';
import { readJsonLines } from './json-lines.js';
import type { BenchmarkSetting } from './registry.js';
import { scoreAnswers } from './score-answers.js';
import { writeItems } from './write-items.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  await put(folder, 'pictures/a.png', PNG);
  return () => rm(folder, { recursive: true });
});

async function linesOf<T>(name: string): Promise<T[]> {
  const values: T[] = [];
  for await (const { value } of readJsonLines(join(folder, 'items', name))) values.push(value as T);
  return values;
}

async function itemsOf(setting: BenchmarkSetting) {
  const out = join(folder, 'items');
  const report = await writeItems({ benchmarks: { mine: setting }, out, root: folder, quiet: true });
  return {
    report,
    items: await linesOf<InferItem>('items.jsonl'),
    rejects: await linesOf<Reject>('rejects.jsonl'),
  };
}

/** Scores of a model that says `says`, and prefers the first option. */
async function scored(setting: BenchmarkSetting, says: string) {
  const model: Model = {
    generate: () => Promise.resolve({ text: says }),
    scoreOptions: ({ options }) => Promise.resolve({ losses: options.map((_, i) => i) }),
  };
  const items = join(folder, 'items/items.jsonl');
  const answers = { model: join(folder, 'answers.jsonl') };
  await answerItems({ items, model, out: answers.model, root: folder, quiet: true });
  const benchmarks = { mine: setting };
  const results = await scoreAnswers({ benchmarks, root: folder, items, answers, out: join(folder, 'out') });
  return {
    tasks: results.results['model'] ?? {},
    errors: results.errors['model'],
    samples: results['n-samples'],
  };
}

describe('a JSON lines file', () => {
  const row = { image: 'pictures/a.png', question: 'What?' };

  async function putLines(...rows: unknown[]): Promise<void> {
    await put(folder, 'mine.jsonl', rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
  const file = (metric: MetricName, more: Partial<BenchmarkSetting> = {}) => ({
    path: 'mine.jsonl',
    metric,
    ...more,
  });

  it.each([
    ['exact', ['Red', 'dark red'], 'red.', 1],
    ['vqa', Array.from({ length: 10 }, () => 'two'), '2', 1],
    ['anls', ['denver'], 'denvor', 1 - 1 / 6],
    ['relaxed', [100], '104', 1],
    ['iou', [[0, 0, 0.5, 0.5]], '[0, 0, 0.5, 0.4]', 1],
    ['yesno', ['no'], 'No, it is not.', 1],
  ] as [MetricName, unknown[], string, number][])(
    'scores answers by %s',
    async (metric, answers, says, score) => {
      await putLines({ ...row, id: 7, answers });
      const { items, report } = await itemsOf(file(metric));
      expect(report).toMatchObject({ items: 1, rejected: 0, warnings: [] });
      expect(items[0]).toMatchObject({ id: 'mine/7', image: 'pictures/a.png', maxNewTokens: 512 });
      expect(items[0]?.prompt.includes('single word or phrase')).toBe(metric !== 'iou');
      const { tasks, samples } = await scored(file(metric), says);
      expect(tasks['mine']).toMatchObject({ n: 1, metric: `${metric}_short`, [`${metric}_short`]: score });
      expect(samples['mine']).toMatchObject({ published: null, original: 1 });
    },
  );

  it('lets losses choose of options, and letters of choices', async () => {
    await putLines(
      { ...row, id: 1, options: ['red', 'blue'] },
      { ...row, id: 2, choices: ['red', 'blue', 'green'], category: 'letters' },
    );
    const inOrder = file('choice', { shuffleSeed: null });
    const { items } = await itemsOf(inOrder);
    expect(items[0]).toMatchObject({ options: ['red', 'blue'] });
    expect(items[1]?.prompt).toContain('What?\n(A) red\n(B) blue\n(C) green\nAnswer with the option');
    const { tasks } = await scored(inOrder, 'B');
    expect(tasks['mine']).toMatchObject({ n: 2, choice_short: 0.5 });
    expect(tasks['mine_letters']).toMatchObject({ n: 1, choice_short: 0 });
    const orders = new Set<string | undefined>();
    for (const shuffleSeed of [0, 1, 2, 3, 4, 5]) {
      orders.add((await itemsOf(file('choice', { shuffleSeed }))).items[1]?.prompt);
    }
    expect(orders.size).toBeGreaterThan(1);
  });

  it('asks the question as it stands where that is chosen', async () => {
    await putLines({ ...row, id: 1, answers: ['x'] });
    const { items } = await itemsOf(file('exact', { protocol: 'bare' }));
    expect(items[0]?.prompt).toMatch(/USER: <image>\nWhat\? ASSISTANT:$/);
  });

  it.each([
    ['no answers', 'exact', { answers: [] }, 'NO_ANSWERS'],
    ['none of the three', 'exact', {}, 'ITEM_INVALID'],
    ['two of the three', 'choice', { options: ['a', 'b'], choices: ['a', 'b'] }, 'ITEM_INVALID'],
    ['options for a metric of answers', 'exact', { options: ['a', 'b'] }, 'ITEM_INVALID'],
    ['answers for a choice', 'choice', { answers: ['a'] }, 'ITEM_INVALID'],
    ['no options', 'choice', { options: [] }, 'NO_OPTIONS'],
    ['one choice', 'choice', { choices: ['a'] }, 'NO_OPTIONS'],
    ['equal options', 'choice', { options: ['a', 'b', 'a '] }, 'EQUAL_OPTIONS'],
    ['an empty option', 'choice', { options: ['a', ' '] }, 'EMPTY_OPTION'],
    ['27 choices', 'choice', { choices: Array.from({ length: 27 }, (_, i) => `${i}`) }, 'ITEM_INVALID'],
    ['no box', 'iou', { answers: ['here'] }, 'ITEM_INVALID'],
    ['a box of three', 'iou', { answers: [[0, 0, 1]] }, 'ITEM_INVALID'],
    ['neither yes nor no', 'yesno', { answers: ['maybe'] }, 'ITEM_INVALID'],
    ['an answer of marks alone', 'exact', { answers: ['...'] }, 'ITEM_INVALID'],
    ['a missing picture', 'exact', { answers: ['x'], image: 'pictures/none.png' }, 'PICTURE_MISSING'],
    ['a folder for a picture', 'exact', { answers: ['x'], image: 'pictures' }, 'PICTURE_UNREADABLE'],
    [
      'a name too long for a picture',
      'exact',
      { answers: ['x'], image: 'x'.repeat(5000) },
      'PICTURE_MISSING',
    ],
    ['a file for a folder', 'exact', { answers: ['x'], image: 'mine.jsonl/a.png' }, 'PICTURE_MISSING'],
    ['a picture outside', 'exact', { answers: ['x'], image: '../a.png' }, 'PICTURE_OUTSIDE'],
    ['a picture tag', 'exact', { answers: ['x'], question: 'a <image>?' }, 'IMAGE_TAG_IN_TEXT'],
    ['an id again, as text', 'exact', { answers: ['x'], id: '1' }, 'DUPLICATE_ID'],
    ['no id', 'exact', { answers: ['x'], id: null }, 'ITEM_INVALID'],
  ] as [string, MetricName, object, string][])('rejects a line with %s', async (_, metric, change, code) => {
    const right =
      metric === 'choice' ? { options: ['a', 'b'] } : { answers: [metric === 'iou' ? [0, 0, 1, 1] : 'yes'] };
    await putLines({ ...row, id: 1, ...right }, { ...row, id: 2, ...change });
    const { items, rejects } = await itemsOf(file(metric));
    expect(items.map(({ id }) => id)).toEqual(['mine/1']);
    expect(rejects.map((reject) => reject.code)).toEqual([code]);
  });

  it('refuses a line that is not JSON, and a file that is not there', async () => {
    await put(folder, 'mine.jsonl', '{"id": 1,\n');
    await expect(itemsOf(file('exact'))).rejects.toThrow(/mine\.jsonl\[line 1\].*BAD_LINE/);
    await expect(itemsOf({ path: 'gone.jsonl', metric: 'exact' })).rejects.toThrow(
      /lacks gone\.jsonl.*BENCHMARK_INCOMPLETE/,
    );
  });
});

describe("a module of one's own", () => {
  const module = (steps: string) => `
    const colours = {
      name: 'colours',
      metrics: (protocol) => [{ name: 'accuracy_' + protocol, kind: 'binary' }],
      async *load() {
        for (const [id, answer] of [['1', 'red'], ['2', 'blue']]) {
          yield { item: { id, question: 'Which colour?', picture: { kind: 'file', path: 'pictures/a.png' }, targets: [answer] } };
        }
      },
      prompt: ({ question }) => ({ prompt: 'USER: <image>\\n' + question + ' ASSISTANT:', maxNewTokens: 8 }),
      extract: (item, { text }) => ({ value: text.trim().toLowerCase() || null }),
      score: ({ targets }, { value }) => [value === targets[0] ? 1 : 0],
    };
    export default { ...colours, ${steps} };
  `;
  let count = 0;
  /** A new name each time: modules are imported once. */
  async function putModule(steps: string): Promise<BenchmarkSetting> {
    count += 1;
    await put(folder, `own-${count}.mjs`, module(steps));
    return { path: '.', module: `own-${count}.mjs` };
  }

  it('is asked and scored as the others are', async () => {
    const setting = await putModule('');
    const { items, report } = await itemsOf(setting);
    expect(items.map(({ id }) => id)).toEqual(['colours/1', 'colours/2']);
    expect(report.warnings).toEqual([]);
    const { tasks } = await scored(setting, 'Red');
    expect(tasks['colours']).toMatchObject({ protocol: 'plain', n: 2, accuracy_plain: 0.5 });
  });

  it('may not have the name of another', async () => {
    const { module = '' } = await putModule('');
    const benchmarks = { one: { path: '.', module }, two: { path: '.', module } };
    const both = writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
    await expect(both).rejects.toThrow(/two benchmarks are named "colours".*BENCHMARK_INVALID/);
  });

  it.each([
    ['a prompt that throws', "prompt: () => { throw new Error('no') }", 'BENCHMARK_FAILED'],
    ['a prompt that is none', 'prompt: () => 7', 'BENCHMARK_FAILED'],
    [
      'items without targets',
      "async *load() { yield { item: { id: 'x', question: 'q', picture: { kind: 'file', path: 'pictures/a.png' }, targets: [] } } }",
      'ITEM_INVALID',
    ],
  ])('has its items rejected for %s', async (_, steps, code) => {
    const setting = await putModule(steps);
    await expect(itemsOf(setting)).rejects.toThrow(new RegExp(`rejected, the first: .*${code}.*NO_ITEMS`));
  });

  it.each([
    ['an extraction that throws', 'extract: () => { throw new TypeError("no") }'],
    ['a score of two numbers', 'score: () => [1, 1]'],
    ['a score that is no number', 'score: () => [NaN]'],
    ['a score above one', 'score: () => [2]'],
  ])('has errors, and no score, for %s', async (_, steps) => {
    const setting = await putModule(steps);
    await itemsOf(setting);
    const { tasks, errors } = await scored(setting, 'Red');
    expect(errors).toEqual({ colours: { BENCHMARK_FAILED: 2 } });
    expect(tasks['colours']).toMatchObject({ n: 0, errors: 2, accuracy_plain: null });
  });

  it.each([
    ['no default export', 'export const x = 1;', /default export/],
    ['a step that is missing', 'export default { name: "x", load() {} };', /metrics: expected a function/],
    ['a name like a path', module("name: '../x'"), /use letters/],
    ['metrics that are none', module('metrics: () => []'), /metrics\("plain"\): expected/],
    ['no JavaScript', 'export default {', /cannot be imported/],
  ])('is refused with %s', async (_, text, message) => {
    count += 1;
    await put(folder, `own-${count}.mjs`, text);
    const setting = { path: '.', module: `own-${count}.mjs` };
    await expect(itemsOf(setting)).rejects.toThrow(message);
    await expect(itemsOf(setting)).rejects.toMatchObject({ code: 'BENCHMARK_INVALID' });
  });
});
