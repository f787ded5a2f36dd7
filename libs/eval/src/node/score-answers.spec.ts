import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EvalResults } from '../results.js';
import { evalResultsSchema } from '../results-schema.js';
import { formatScoreTable } from '../score-table.js';
import { answerItems, type Model } from './answer-items.js';
import { put, putBenchmarks, temporaryFolder, textvqaRow } from './benchmarks.fixture.js';
import { jsonLines, readJsonLines } from './json-lines.js';
import { readAnswerLines, readEvaluation } from './read-evaluation.js';
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
      shuffleSeed: 0,
      metrics: [
        { name: 'accuracy_multi', kind: 'binary' },
        { name: 'accuracy_multi_strict', kind: 'binary' },
      ],
    });
  });

  it('compares the models on the same items', async () => {
    const { comparisons } = await score();
    const vstar = comparisons.find(({ task }) => task === 'vstar');
    expect(vstar).toMatchObject({ a: 'base', b: 'better', n: 3, difference: 1, p: 0.25, test: 'mcnemar' });
  });

  it('writes the same bytes again, and summary.json is what it returns', async () => {
    const results = await score();
    await score(join(folder, 'again'));
    for (const name of ['summary.json', 'base/results.json', 'better/answers.jsonl']) {
      expect(await readFile(join(folder, 'again', name))).toEqual(await readFile(join(folder, 'out', name)));
    }
    const written = JSON.parse(await readFile(join(folder, 'out/summary.json'), 'utf8')) as EvalResults;
    expect(written).toEqual(results);
    expect(evalResultsSchema.parse(written)).toEqual(results);
    expect(JSON.stringify(results)).not.toContain(folder);
  });

  it("gives each model a results.json in the harness's shape", async () => {
    await scoreAnswers({
      benchmarks,
      items,
      answers,
      out: join(folder, 'out'),
      seed: 1,
      weights: { base: 'ab' },
    });
    const { results, config, hashes, ...rest } = (await readEvaluation(join(folder, 'out/base'))).results;
    expect(results.textvqa).toMatchObject({ vqa_accuracy_plain: 0, vqa_accuracy_plain_stderr: 0, n: 3 });
    expect(rest).toMatchObject({ model: 'base', versions: { vstar: '1' }, published: {} });
    expect(rest['n-samples'].vstar).toEqual({ published: 191, original: 3, rejected: 0, effective: 3 });
    expect(config).toMatchObject({ seed: 1, judge: 'none', eval: expect.stringMatching(/^\d/) as string });
    expect(hashes).toMatchObject({
      weights: 'ab',
      answers: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect((await readEvaluation(join(folder, 'out/better'))).results.hashes.weights).toBeNull();
  });

  it('hashes questions, prompts and pictures apart', async () => {
    const hashes = async () => (await score()).hashes.benchmarks.textvqa;
    const before = await hashes();
    await put(folder, 'textvqa/train_images/p1.jpg', 'another picture');
    await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
    const after = await hashes();
    expect(after).toEqual({ ...before, pictures: after?.pictures });
    expect(after?.pictures).not.toBe(before?.pictures);
  });

  it('merges the files of shards by id: the same bytes as from one file', async () => {
    const shards: string[] = [];
    for (const index of [1, 0]) {
      const out = join(folder, `shard-${index}.jsonl`);
      await answerItems({
        items,
        model: fixedModel('A cat', 1),
        out,
        root: folder,
        quiet: true,
        shard: { index, count: 2 },
      });
      shards.push(out);
    }
    await score();
    const merged = { base: shards, better: answers.better };
    await scoreAnswers({ benchmarks, items, answers: merged, out: join(folder, 'merged'), seed: 1 });
    for (const name of ['summary.json', 'base/results.json', 'base/answers.jsonl']) {
      expect(await readFile(join(folder, 'merged', name))).toEqual(await readFile(join(folder, 'out', name)));
    }
    for (const [files, message] of [
      [shards.slice(1), /4 of 9 items have no answer, the first is "textvqa\/34603".*ANSWER_MISSING/],
      [[...shards, shards[1] ?? ''], /shard-0\.jsonl\[line 1\]: the item "textvqa\/34602" is answered twice/],
    ] as const) {
      const broken = scoreAnswers({
        benchmarks,
        items,
        answers: { base: files },
        out: join(folder, 'broken'),
      });
      await expect(broken).rejects.toThrow(message);
    }
  });

  it('refuses a model whose name is no folder', async () => {
    const named = (name: string) =>
      scoreAnswers({ benchmarks, items, answers: { [name]: answers.base }, out: join(folder, 'named') });
    await expect(named('../base')).rejects.toThrow(/MODEL_NAME/);
    expect((await named('llava-1.5_7b')).models).toEqual(['llava-1.5_7b']);
  });

  it('keeps a line for each model and item', async () => {
    await changeAnswers((lines) => [
      { ...lines[0], ms: 12, regions: { grid: 9, steps: [] } },
      ...lines.slice(1),
    ]);
    await score();
    const lines = await readAnswerLines(join(folder, 'out/base/answers.jsonl'));
    expect(lines).toHaveLength(9);
    expect(lines[0]).toEqual({
      id: 'textvqa/34602',
      model: 'base',
      benchmark: 'textvqa',
      category: null,
      prompt: expect.stringContaining('what does 34602 say?') as string,
      options: [],
      answer: 'A cat',
      cut: false,
      losses: null,
      extracted: 'cat',
      strict: null,
      verdict: null,
      targets: Array.from({ length: 10 }, () => 'nokia'),
      score: 0,
      scores: { vqa_accuracy_plain: 0 },
      error: null,
      timing: { ms: 12 },
      image: 'textvqa/train_images/p1.jpg',
      imageSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      stretch: false,
      regions: { line: 1 },
    });
    expect(lines[6]).toMatchObject({ extracted: 'A', strict: null, timing: null });
    const others = await readAnswerLines(join(folder, 'out/better/answers.jsonl'));
    expect(others[3]).toMatchObject({
      model: 'better',
      losses: [0.5, 1, 1],
      extracted: 'Left. ',
      score: 1,
      stretch: false,
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
