import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlexattnError } from '@flexattn/stage';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerItems, type Model } from './answer-items.js';
import { openAnswerStore } from './answer-store.js';
import { put, putBenchmarks, temporaryFolder, textvqaRow } from './benchmarks.fixture.js';
import { writeItems } from './write-items.js';

/** Of the nine items two are the same question about the same picture: it is asked once. */
const DIFFERENT = 8;

let folder: string;
let items: string;
let benchmarks: Awaited<ReturnType<typeof putBenchmarks>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  benchmarks = await putBenchmarks(folder);
  await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
  items = join(folder, 'items/items.jsonl');
  return () => rm(folder, { recursive: true });
});

/** A model whose answers depend on what it is asked; remembers each prompt, and stops the run after so many. */
function rememberingModel(asked: string[], stop?: { after: number; controller: AbortController }): Model {
  const note = (prompt: string) => {
    asked.push(prompt);
    if (asked.length === stop?.after) stop.controller.abort(new Error('killed'));
  };
  return {
    generate: ({ image, prompt }) => {
      note(prompt);
      return Promise.resolve({ text: `${image.length} ${prompt.length}`, finish: 'stop' });
    },
    scoreOptions: ({ prompt, options }) => {
      note(prompt);
      return Promise.resolve({ losses: options.map(({ length }) => length) });
    },
  };
}

const storeOf = (weights = 'w', settings: Record<string, unknown> = { precision: 'fp32' }) =>
  openAnswerStore({ folder: join(folder, 'answers'), weights, settings });

/** Answers all items with a store; the bytes of the answers and how often the model was asked. */
async function answerKept(more: { weights?: string; settings?: Record<string, unknown> } = {}) {
  const asked: string[] = [];
  const out = join(folder, 'kept.jsonl');
  const store = await storeOf(more.weights, more.settings);
  try {
    const report = await answerItems({
      items,
      model: rememberingModel(asked),
      out,
      root: folder,
      store,
      quiet: true,
    });
    return { report, asked: asked.length, text: await readFile(out, 'utf8') };
  } finally {
    await store.close();
  }
}

describe('answerItems', () => {
  it('records what a model fails on, with its code', async () => {
    const images: string[] = [];
    const model: Model = {
      ...rememberingModel([]),
      generate: ({ image }) => {
        images.push(image);
        return Promise.reject(images.length > 1 ? new Error('no') : new FlexattnError('BAD_IMAGE', 'torn'));
      },
    };
    const out = join(folder, 'failing.jsonl');
    const report = await answerItems({ items, model, out, root: folder, quiet: true });
    expect(report).toEqual({ items: 9, asked: 9, errors: 6 });
    const [first, second] = (await readFile(out, 'utf8')).split('\n');
    expect(first).toBe('{"id":"textvqa/34602","error":{"code":"BAD_IMAGE","message":"torn (BAD_IMAGE)"}}');
    expect(second).toContain('"code":"MODEL_FAILED"');
    expect(images[0]).toBe(join(folder, 'textvqa/train_images/p1.jpg'));
    expect(images[3]).toContain(join(folder, 'items/images'));
  });

  it('leaves nothing behind when it is stopped', async () => {
    const out = join(folder, 'stopped.jsonl');
    const signal = AbortSignal.abort();
    const stopped = answerItems({ items, model: rememberingModel([]), out, quiet: true, signal });
    await expect(stopped).rejects.toThrow(/abort/i);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });

  it('tells how long each answer took, where it is given a clock', async () => {
    let time = 0;
    const out = join(folder, 'timed.jsonl');
    await answerItems({
      items,
      model: rememberingModel([]),
      out,
      root: folder,
      quiet: true,
      clock: () => (time += 20.4),
    });
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { ms: number }).ms)).toEqual(lines.map(() => 20));
  });
});

describe('answers that are kept', () => {
  it('are not asked again, whatever is scored with them', async () => {
    const first = await answerKept();
    expect(first).toMatchObject({ asked: DIFFERENT, report: { items: 9, asked: DIFFERENT, errors: 0 } });
    expect(await answerKept()).toEqual({ ...first, asked: 0, report: { items: 9, asked: 0, errors: 0 } });
  });

  it('serve other benchmarks with the same questions about the same pictures', async () => {
    await answerKept();
    await put(folder, 'textvqa/TextVQA_0.5.1_val.json', {
      data: [
        { ...textvqaRow(1, 'p1', 'nokia'), question: 'what does 34602 say?' },
        { ...textvqaRow(2, 'p2', 'nokia'), question: 'what does 34602 say?' },
      ],
    });
    await writeItems({
      benchmarks: { textvqa: benchmarks.textvqa },
      out: join(folder, 'items'),
      root: folder,
      quiet: true,
    });
    expect((await answerKept()).report).toEqual({ items: 2, asked: 1, errors: 0 });
  });

  it('count for the same weights, settings and bytes of the picture only', async () => {
    await answerKept();
    expect((await answerKept({ weights: 'other' })).asked).toBe(DIFFERENT);
    expect((await answerKept({ settings: { precision: 'int8' } })).asked).toBe(DIFFERENT);
    await put(folder, 'textvqa/train_images/p1.jpg', 'changed');
    await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
    expect((await answerKept()).asked).toBe(2);
  });

  it('count for the same request only', async () => {
    const store = await storeOf();
    const about = {
      id: 'a/1',
      benchmark: 'a',
      image: 'a.png',
      imageSha256: '0'.repeat(64),
      prompt: 'Which?',
    };
    const chosen = { ...about, options: ['x', 'y'] };
    const free = { ...about, maxNewTokens: 16 };
    const elsewhere = { id: 'b/2', benchmark: 'b', image: 'b.png' };
    const keys = [
      chosen,
      { ...chosen, endToken: true },
      { ...chosen, options: ['y', 'x'] },
      free,
      { ...free, stretch: true },
      { ...free, maxNewTokens: 17 },
      { ...free, prompt: 'What?' },
      { ...free, imageSha256: '1'.repeat(64) },
    ].map((item) => store.keyOf(item));
    expect(new Set(keys).size).toBe(keys.length);
    expect(store.keyOf({ ...free, ...elsewhere })).toBe(store.keyOf(free));
    expect(store.keyOf({ ...free, stretch: false })).toBe(store.keyOf(free));
    expect(store.keyOf({ ...chosen, endToken: false })).toBe(store.keyOf(chosen));
    await store.close();
  });

  it.each([1, 5, 7])(
    'continue after a run that was killed at answer %i, with the same bytes',
    async (after) => {
      const whole = (await answerKept()).text;
      await rm(join(folder, 'answers'), { recursive: true });
      const asked: string[] = [];
      const controller = new AbortController();
      // Closed at the end only: a killed process closes nothing.
      const store = await storeOf();
      const killed = answerItems({
        items,
        model: rememberingModel(asked, { after, controller }),
        out: join(folder, 'killed.jsonl'),
        root: folder,
        store,
        signal: controller.signal,
        quiet: true,
      });
      await expect(killed).rejects.toThrow('killed');
      await expect(readFile(join(folder, 'killed.jsonl'))).rejects.toThrow('ENOENT');
      const rest = await answerKept();
      expect([asked.length, rest.asked]).toEqual([after, DIFFERENT - after]);
      expect(rest.text).toBe(whole);
      await store.close();
    },
  );

  it('are asked again where their line is torn or damaged', async () => {
    const { text } = await answerKept();
    const journals = join(folder, 'answers', (await readdir(join(folder, 'answers'))).join());
    const [file = ''] = await readdir(journals);
    const bytes = await readFile(join(journals, file));
    await truncate(join(journals, file), bytes.length - 3);
    expect(await answerKept()).toMatchObject({ asked: 1, text });
    bytes[bytes.indexOf('losses') + 1] = 'O'.charCodeAt(0);
    await writeFile(join(journals, file), bytes);
    expect(await answerKept()).toMatchObject({ asked: 1, text });
  });

  it('do not include errors: those are asked again', async () => {
    const out = join(folder, 'failed.jsonl');
    const store = await storeOf();
    const model: Model = { ...rememberingModel([]), generate: () => Promise.reject(new Error('no memory')) };
    const report = await answerItems({ items, model, out, root: folder, store, quiet: true });
    await store.close();
    expect(report).toEqual({ items: 9, asked: DIFFERENT, errors: 6 });
    expect((await answerKept()).report).toEqual({ items: 9, asked: DIFFERENT - 3, errors: 0 });
  });
});
