import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlexattnError } from '@flexattn/stage';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AnswerLine, EvalResults } from '../results.js';
import { evalResultsSchema } from '../results-schema.js';
import { formatScoreTable } from '../score-table.js';
import { answerItems, type Model } from './answer-items.js';
import { put, putBenchmarks, temporaryFolder, textvqaRow } from './benchmarks.fixture.js';
import { jsonLines, readJsonLines } from './json-lines.js';
import { scoreAnswers } from './score-answers.js';
import { writeItems } from './write-items.js';

/** Answers every question with `text`, and finds the option at `index` the likeliest. */
function fixedModel(text: string, index: number): Model {
  return {
    generate: () => Promise.resolve({ text, finish: 'stop' }),
    scoreOptions: ({ options }) =>
      Promise.resolve({ losses: options.map((_, i) => (i === index ? 0.5 : 1)) }),
  };
}

let folder: string;
let benchmarks: Awaited<ReturnType<typeof putBenchmarks>>;
let items: string;
let answers: Record<'base' | 'better', string>;

beforeEach(async () => {
  folder = await temporaryFolder();
  benchmarks = await putBenchmarks(folder);
  await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
  items = join(folder, 'items/items.jsonl');
  answers = { base: join(folder, 'base.jsonl'), better: join(folder, 'better.jsonl') };
  await answerItems({ items, model: fixedModel('A cat', 1), out: answers.base, root: folder, quiet: true });
  await answerItems({ items, model: fixedModel('Nokia', 0), out: answers.better, root: folder, quiet: true });
  return () => rm(folder, { recursive: true });
});

const score = (out = join(folder, 'out')) => scoreAnswers({ benchmarks, items, answers, out, seed: 1 });

async function changeAnswers(change: (lines: Record<string, unknown>[]) => unknown[]): Promise<void> {
  const lines: Record<string, unknown>[] = [];
  for await (const { value } of readJsonLines(answers.base)) lines.push(value as Record<string, unknown>);
  await put(folder, 'base.jsonl', jsonLines(change(lines)));
}

describe('scoreAnswers', () => {
  it('scores every benchmark by its own rules', async () => {
    const { models, results, 'n-samples': samples, versions, config } = await score();
    expect(models).toEqual(['base', 'better']);
    expect(Object.keys(results.base ?? {})).toEqual([
      'textvqa',
      'vstar',
      'vstar_direct_attributes',
      'vstar_relative_position',
      'magnifier',
    ]);
    expect(results.better?.textvqa).toMatchObject({
      n: 3,
      metric: 'vqa_accuracy_plain',
      vqa_accuracy_plain: 1 / 3,
    });
    expect(results.base?.vstar?.accuracy_plain).toBe(0);
    expect(results.better?.vstar_direct_attributes).toMatchObject({ n: 2, accuracy_plain: 1 });
    expect(results.base?.magnifier).toMatchObject({
      accuracy_multi: 1 / 3,
      accuracy_multi_strict: 0,
      unparseable: 0,
    });
    expect(samples.vstar).toEqual({
      published: 191,
      original: 3,
      rejected: 0,
      effective: { base: 3, better: 3 },
    });
    expect(versions).toEqual({ textvqa: '1', vstar: '1', magnifier: '1' });
    expect(config.benchmarks.magnifier).toEqual({
      protocol: 'multi',
      metrics: ['accuracy_multi', 'accuracy_multi_strict'],
    });
  });

  it('compares the models on the same items', async () => {
    const { comparisons } = await score();
    const vstar = comparisons.find(({ task }) => task === 'vstar');
    expect(vstar).toMatchObject({ a: 'base', b: 'better', n: 3, difference: 1, p: 0.25, test: 'mcnemar' });
  });

  it('writes the same bytes again, and results.json is what it returns', async () => {
    const results = await score();
    await score(join(folder, 'again'));
    for (const name of ['results.json', 'answers.jsonl']) {
      expect(await readFile(join(folder, 'again', name))).toEqual(await readFile(join(folder, 'out', name)));
    }
    const written = JSON.parse(await readFile(join(folder, 'out/results.json'), 'utf8')) as EvalResults;
    expect(written).toEqual(results);
    expect(evalResultsSchema.parse(written)).toEqual(results);
    expect(JSON.stringify(results)).not.toContain(folder);
  });

  it('keeps a line for each model and item', async () => {
    await changeAnswers((lines) => [{ ...lines[0], regions: { grid: 9, steps: [] } }, ...lines.slice(1)]);
    await score();
    const lines: AnswerLine[] = [];
    for await (const { value } of readJsonLines(join(folder, 'out/answers.jsonl')))
      lines.push(value as AnswerLine);
    expect(lines).toHaveLength(18);
    expect(lines[0]).toEqual({
      id: 'textvqa/34602',
      model: 'base',
      benchmark: 'textvqa',
      category: null,
      prompt: expect.stringContaining('what does 34602 say?') as string,
      options: [],
      answer: 'A cat',
      losses: null,
      extracted: 'cat',
      targets: Array.from({ length: 10 }, () => 'nokia'),
      score: 0,
      scores: { vqa_accuracy_plain: 0 },
      error: null,
      image: 'textvqa/train_images/p1.jpg',
      regions: { line: 1 },
    });
    expect(lines[12]).toMatchObject({
      model: 'better',
      losses: [0.5, 1, 1],
      extracted: 'Left. ',
      score: 1,
      regions: null,
    });
  });

  it('records errors, counts them and scores none of them', async () => {
    await changeAnswers((lines) =>
      lines.map((line, i) => {
        if (i === 0) return { id: line.id, error: { code: 'BAD_IMAGE', message: 'torn' } };
        return i === 3 ? { id: line.id, losses: [1] } : line;
      }),
    );
    const results = await score();
    expect(results.results.base?.textvqa).toMatchObject({ n: 2, errors: 1 });
    expect(results.errors.base).toEqual({
      textvqa: { BAD_IMAGE: 1 },
      vstar: { ANSWER_INVALID: 1 },
      magnifier: {},
    });
    expect(results.comparisons.find(({ task }) => task === 'textvqa')?.n).toBe(2);
    expect(formatScoreTable(results)).toMatch(/^textvqa +vqa_accuracy_plain +base +2 .* 1$/m);
  });

  it.each([
    ['missing', (lines: unknown[]) => lines.slice(0, -2), /2 of 9 items .* "magnifier\/M_2".*ANSWER_MISSING/],
    [
      'repeated',
      (lines: unknown[]) => [...lines, lines[4]],
      /line 10\]: the item "vstar\/\S+" is answered twice.*ANSWER_DUPLICATE/,
    ],
    [
      'unknown',
      (lines: unknown[]) => [...lines, { id: 'textvqa/9', text: '' }],
      /"textvqa\/9".*ANSWER_UNKNOWN/,
    ],
    ['a number', (lines: unknown[]) => [...lines, { id: 9, text: '' }], /line 10.*BAD_LINE/],
  ])('refuses answers of which an id is %s', async (_, change, message) => {
    await changeAnswers(change);
    await expect(score()).rejects.toThrow(message);
  });

  it('refuses a torn answers file', async () => {
    const text = await readFile(answers.base, 'utf8');
    await put(folder, 'base.jsonl', text.slice(0, -10));
    await expect(score()).rejects.toThrow(/base\.jsonl\[line 9\]: not a JSON value.*BAD_LINE/);
  });

  it('refuses items of another state of the benchmark', async () => {
    const row = textvqaRow(34602, 'p1', 'nokia');
    await put(folder, 'textvqa/TextVQA_0.5.1_val.json', { data: [{ ...row, question: 'changed?' }] });
    await expect(score()).rejects.toThrow(/"textvqa\/34602" is not as the files.*ITEMS_STALE/);
    await put(folder, 'textvqa/TextVQA_0.5.1_val.json', { data: [row] });
    await expect(score()).rejects.toThrow(/"textvqa\/34603" is not as the files.*ITEMS_STALE/);
  });

  it('shows rejected items in the counts', async () => {
    await rm(join(folder, 'textvqa/train_images/p2.jpg'));
    await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
    await changeAnswers((lines) => lines.filter(({ id }) => id !== 'textvqa/34604'));
    const results = await scoreAnswers({
      benchmarks,
      items,
      answers: { base: answers.base },
      out: join(folder, 'out'),
    });
    expect(results.rejects.textvqa).toEqual({ PICTURE_MISSING: 1 });
    expect(results['n-samples'].textvqa).toMatchObject({ original: 3, rejected: 1, effective: { base: 2 } });
    expect(results.warnings).toHaveLength(3);
  });

  it('scores a part of the benchmarks that were asked', async () => {
    const part = { vstar: benchmarks.vstar };
    const results = await scoreAnswers({ benchmarks: part, items, answers, out: join(folder, 'out') });
    expect(Object.keys(results.versions)).toEqual(['vstar']);
  });
});

describe('answerItems', () => {
  it('records what a model fails on, with its code', async () => {
    const images: string[] = [];
    const model: Model = {
      ...fixedModel('x', 0),
      generate: ({ image }) => {
        images.push(image);
        return Promise.reject(images.length > 1 ? new Error('no') : new FlexattnError('BAD_IMAGE', 'torn'));
      },
    };
    const out = join(folder, 'failing.jsonl');
    expect(await answerItems({ items, model, out, root: folder, quiet: true })).toEqual({
      items: 9,
      errors: 6,
    });
    const [first, second] = (await readFile(out, 'utf8')).split('\n');
    expect(first).toBe('{"id":"textvqa/34602","error":{"code":"BAD_IMAGE","message":"torn (BAD_IMAGE)"}}');
    expect(second).toContain('"code":"MODEL_FAILED"');
    expect(images[0]).toBe(join(folder, 'textvqa/train_images/p1.jpg'));
    expect(images[3]).toContain(join(folder, 'items/images'));
  });

  it('leaves nothing behind when it is stopped', async () => {
    const out = join(folder, 'stopped.jsonl');
    const stopped = answerItems({
      items,
      model: fixedModel('x', 0),
      out,
      quiet: true,
      signal: AbortSignal.abort(),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });
});
