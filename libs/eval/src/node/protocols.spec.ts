import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InferItem } from '../item.js';
import { answerItems, type Model } from './answer-items.js';
import { put, putBenchmarks, temporaryFolder } from './benchmarks.fixture.js';
import { readJsonLines } from './json-lines.js';
import type { BenchmarkSetting } from './registry.js';
import { scoreAnswers } from './score-answers.js';
import { writeItems } from './write-items.js';

const OCR_FILE = 'textvqa/llava_textvqa_val_v051_ocr.jsonl';

let folder: string;
let benchmarks: Awaited<ReturnType<typeof putBenchmarks>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  benchmarks = await putBenchmarks(folder);
  return () => rm(folder, { recursive: true });
});

async function itemsOf(name: keyof typeof benchmarks, setting: Partial<BenchmarkSetting>) {
  const out = join(folder, 'items');
  const chosen = { [name]: { ...benchmarks[name], ...setting } };
  const report = await writeItems({ benchmarks: chosen, out, root: folder, quiet: true });
  const items: InferItem[] = [];
  for await (const { value } of readJsonLines(join(out, 'items.jsonl'))) items.push(value as InferItem);
  return { chosen, report, items };
}

async function scored(chosen: Record<string, BenchmarkSetting>, model: Model) {
  const items = join(folder, 'items/items.jsonl');
  const answers = { model: join(folder, 'answers.jsonl') };
  await answerItems({ items, model, out: answers.model, root: folder, quiet: true });
  return scoreAnswers({ benchmarks: chosen, root: folder, items, answers, out: join(folder, 'scores') });
}

const says = (text: string): Model => ({
  generate: () => Promise.resolve({ text }),
  scoreOptions: ({ endToken }) => Promise.resolve({ losses: endToken ? [0, 1, 2] : [2, 1, 0] }),
});

const ocrLine = (id: unknown, question: string, tokens: string) =>
  JSON.stringify({
    question_id: id,
    image: 'p1.jpg',
    text: `${question}\nReference OCR token: ${tokens}\nAnswer the question using a single word or phrase.`,
  });

describe('TextVQA with OCR tokens', () => {
  it('takes the line of the question, by its id or by picture and words, not by line number', async () => {
    const row = { image_id: 'p1', answers: ['x'] };
    const rows = [
      { ...row, question_id: 1, question: 'what\nis it?' },
      { ...row, question_id: 2, question: 'What is it?' },
      { ...row, question_id: 3, question: 'what?' },
    ];
    await put(folder, 'textvqa/TextVQA_0.5.1_val.json', { data: rows });
    const lines = [
      ocrLine('p1', 'what is it?', 'TWO'),
      ocrLine('p1', 'what\nis it?', 'ONE'),
      ocrLine(3, 'what?', ''),
    ];
    await put(folder, OCR_FILE, lines.join('\n'));
    const { items, chosen } = await itemsOf('textvqa', { protocol: 'ocr' });
    const asked = items.map(({ prompt }) => /<image>\n(.*)\nAnswer/su.exec(prompt)?.[1]);
    expect(asked).toEqual([
      'what\nis it?\nReference OCR token: ONE',
      'what is it?\nReference OCR token: TWO',
      'what?\nReference OCR token: ',
    ]);
    const { results, config } = await scored(chosen, says('x'));
    expect(results['model']?.['textvqa']).toMatchObject({
      protocol: 'ocr',
      metric: 'vqa_accuracy_ocr',
      n: 3,
    });
    expect(config.benchmarks['textvqa']).toMatchObject({ protocol: 'ocr' });
  });

  it('rejects a question without a line, and a line without text', async () => {
    await put(folder, OCR_FILE, ocrLine('p1', 'what does 34602 say?', 'NOKIA'));
    const { report } = await itemsOf('textvqa', { protocol: 'ocr' });
    expect(report.benchmarks['textvqa']?.rejects).toEqual({ PROMPT_MISSING: 2 });
    await put(folder, OCR_FILE, '{"question_id": "p1"}');
    await expect(itemsOf('textvqa', { protocol: 'ocr' })).rejects.toThrow(/ocr\.jsonl\[line 1\].*BAD_LINE/);
  });

  it('says that the question file is missing, and needs it for this protocol only', async () => {
    await expect(itemsOf('textvqa', { protocol: 'ocr' })).rejects.toThrow(
      /lacks llava_textvqa_val_v051_ocr\.jsonl; get it from eval\.zip of https:\S+LLaVA.*BENCHMARK_INCOMPLETE/,
    );
    expect((await itemsOf('textvqa', { protocol: 'plain' })).items).toHaveLength(3);
  });
});

describe("V*'s protocols", () => {
  it('asks for losses with the end token in `original` only', async () => {
    const { items, chosen } = await itemsOf('vstar', { protocol: 'original' });
    expect(items.map((item) => 'options' in item && item.endToken)).toEqual([true, true, true]);
    const { results } = await scored(chosen, says(''));
    expect(results['model']?.['vstar']).toMatchObject({ accuracy_original: 1, n: 3 });
    const plain = await itemsOf('vstar', {});
    expect(await readFile(join(folder, 'items/items.jsonl'), 'utf8')).not.toContain('endToken');
    expect((await scored(plain.chosen, says(''))).results['model']?.['vstar']).toMatchObject({
      accuracy_plain: 0,
    });
  });

  it('does not score answers to one protocol as those to another', async () => {
    await itemsOf('vstar', { protocol: 'original' });
    const plain = { vstar: benchmarks.vstar };
    await expect(scored(plain, says(''))).rejects.toThrow(/ITEMS_STALE/);
  });

  it('orders lettered options by the seed, and the right one is first without', async () => {
    const order = async (shuffleSeed: number | null) => {
      const { items, chosen } = await itemsOf('vstar', { protocol: 'letters', shuffleSeed });
      return { chosen, prompts: items.map(({ prompt }) => prompt) };
    };
    const seeds = await Promise.all([0, 1, 2, 3].map((seed) => seed).map(() => order(null)));
    expect(seeds[0]?.prompts[0]).toContain('(A) Left. \n(B) right\n(C) above\n');
    const { chosen } = await order(null);
    expect((await scored(chosen, says('A'))).results['model']?.['vstar']).toMatchObject({
      metric: 'accuracy_letters',
      accuracy_letters: 1,
    });
    const orders = new Set<string>();
    for (const seed of [0, 1, 2, 3, 4]) orders.add((await order(seed)).prompts.join());
    expect(orders.size).toBeGreaterThan(1);
    const shuffled = await order(3);
    expect((await order(3)).prompts).toEqual(shuffled.prompts);
    expect((await scored(shuffled.chosen, says('left'))).results['model']?.['vstar']).toMatchObject({
      accuracy_letters: 1,
    });
  });

  it('has no letter for a 27th option', async () => {
    const options = Array.from({ length: 27 }, (_, i) => `option ${i}`);
    await put(folder, 'vstar/vstar_bench/direct_attributes/sa_2.json', { question: 'q', options });
    const { report } = await itemsOf('vstar', { protocol: 'letters' });
    expect(report.benchmarks['vstar']?.rejects).toEqual({ ITEM_INVALID: 1 });
    expect((await itemsOf('vstar', {})).report.rejected).toBe(0);
  });
});

describe('MagnifierBench without options', () => {
  it('has no score, and never 0, where nobody judged', async () => {
    const { items, chosen } = await itemsOf('magnifier', { protocol: 'freeform' });
    expect(items[0]?.prompt).toContain('<image>\nWhich? ASSISTANT:');
    const { results, errors } = await scored(chosen, says('red'));
    expect(results['model']?.['magnifier']).toMatchObject({
      protocol: 'freeform',
      metric: 'judged_freeform',
      n: 0,
      judged_freeform: null,
    });
    expect(errors['model']?.['magnifier']).toEqual({ NOT_JUDGED: 3 });
  });

  it('rejects a question whose right option has no text', async () => {
    await put(folder, 'magnifier/data_instructions.json', {
      data: {
        M_1: { instruction: 'Which?', answer: 'A', image_ids: ['I_1'] },
        M_2: { instruction: 'Which? A. red, B. blue, C. c, D. d.', answer: 'D', image_ids: ['I_1'] },
      },
    });
    const { report } = await itemsOf('magnifier', { protocol: 'freeform' });
    expect(report.benchmarks['magnifier']).toMatchObject({ items: 1, rejects: { NO_OPTIONS: 1 } });
  });
});
