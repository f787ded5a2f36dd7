import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPrompt } from '../conversation.js';
import { openLocalModel } from './local-model.js';
import type { LocalModel } from './local-model.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const CASE = join(GOLDEN, 'grouped-heads');
const IMAGE = join(CASE, 'image0.png');
const PROMPT = [1, 17, 18, -200, 45, 46];

describe('a model', () => {
  let model: LocalModel;
  beforeAll(async () => {
    model = await openLocalModel(CASE, { threads: 2 });
  });
  afterAll(() => model.close());

  it('tells tokens, how the answer ended, and one step of regions per token', async () => {
    const { tokens, finish, regions, text } = await model.generate({
      image: IMAGE,
      prompt: PROMPT,
      maxNewTokens: 3,
    });
    expect([tokens.length, finish, text]).toEqual([3, 'length', '']);
    expect(regions.steps.map((step) => step.map(({ layer }) => layer))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(regions.steps.flat().every(({ rows }) => rows.every((region) => region >= 0 && region < 81))).toBe(
      true,
    );
  });

  it('gives the same answer, bit for bit, whether the picture was seen before or not', async () => {
    const fresh = await openLocalModel(CASE, { threads: 2 });
    const logits = async (from: LocalModel) => {
      const steps = [];
      for await (const step of from.steps({ image: IMAGE, prompt: PROMPT, maxNewTokens: 4 }))
        steps.push(step.logits);
      return steps;
    };
    await model.generate({ image: IMAGE, prompt: [1, 17, 18, -200, 9, 9, 9, 9], maxNewTokens: 2 });
    await model.generate({ image: IMAGE, prompt: [1, -200, 9], maxNewTokens: 2 });
    expect(await logits(model)).toEqual(await logits(fresh));
    await fresh.close();
  });

  it('scores an option the same alone and among others', async () => {
    const options = [[60, 61, 5], [7], [60, 61, 6, 8], [7]];
    const { losses, best, regions } = await model.scoreOptions({ image: IMAGE, prompt: PROMPT, options });
    for (const [index, option] of options.entries()) {
      const alone = await model.scoreOptions({ image: IMAGE, prompt: PROMPT, options: [option] });
      expect(Math.abs((alone.losses[0] ?? NaN) - (losses[index] ?? NaN))).toBeLessThan(1e-5);
    }
    expect(losses[best]).toBe(Math.min(...losses));
    expect(regions.steps).toHaveLength(1);
  });

  it('counts the end of text in the loss of an option where that is asked for', async () => {
    const score = (options: number[][], endToken: boolean) =>
      model.scoreOptions({ image: IMAGE, prompt: PROMPT, options, endToken });
    const end = model.geometry.endOfText;
    const ended = await score([[60, 61], [7]], true);
    expect(ended.losses).toEqual(
      (
        await score(
          [
            [60, 61, end],
            [7, end],
          ],
          false,
        )
      ).losses,
    );
    expect(ended.losses).not.toEqual((await score([[60, 61], [7]], false)).losses);
    await expect(score([[]], true)).rejects.toThrow('BAD_OPTION');
  });

  it('takes bytes as well as a path, and calls that overlap', async () => {
    const bytes = await readFile(IMAGE);
    const ask = (image: string | Uint8Array) => model.generate({ image, prompt: PROMPT, maxNewTokens: 3 });
    const [a, b, c] = await Promise.all([ask(IMAGE), ask(bytes), ask(join(CASE, 'image1.png'))]);
    expect(a).toEqual(b);
    expect(c).toEqual(await ask(join(CASE, 'image1.png')));
  });

  it('grows its buffers without changing the answer', async () => {
    const long = await model.generate({ image: IMAGE, prompt: PROMPT, maxNewTokens: 160 });
    const short = await model.generate({ image: IMAGE, prompt: PROMPT, maxNewTokens: 5 });
    expect(long.tokens.slice(0, 5)).toEqual(short.tokens);
    expect(long.tokens).toHaveLength(160);
  });

  it('counts image tokens into the length', async () => {
    const ask = (maxNewTokens: number) => model.generate({ image: IMAGE, prompt: PROMPT, maxNewTokens });
    await expect(ask(512 - 86 + 1)).rejects.toThrow('got 86 of the prompt and 427 of the answer');
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    controller.abort();
    const request = { image: IMAGE, prompt: PROMPT, maxNewTokens: 9, signal: controller.signal };
    await expect(model.generate(request)).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  });

  it.each([
    ['no image', [1, 5], 'PROMPT_IMAGE_TAGS'],
    ['two images', [1, -200, 5, -200], 'PROMPT_IMAGE_TAGS'],
    ['an id beyond the vocabulary', [1, -200, 512], 'expected token ids from 0 to 511, got 512'],
    ['text without a tokenizer', 'USER: <image> ASSISTANT:', 'TOKENIZER_MISSING'],
  ])('refuses a prompt with %s', async (_, prompt, message) => {
    await expect(model.generate({ image: IMAGE, prompt, maxNewTokens: 1 })).rejects.toThrow(message);
    await expect(model.scoreOptions({ image: IMAGE, prompt, options: [[3]] })).rejects.toThrow(message);
  });

  it.each([
    ['none', [], 'BAD_OPTION'],
    ['an empty one', [[3], []], 'BAD_OPTION'],
    ['text behind ids', ['red'], 'expected token ids, as the prompt is, got text'],
  ])('refuses options: %s', async (_, options, message) => {
    await expect(model.scoreOptions({ image: IMAGE, prompt: PROMPT, options })).rejects.toThrow(message);
  });

  it.each([0, 1.5])('refuses maxNewTokens %d', async (maxNewTokens) => {
    await expect(model.generate({ image: IMAGE, prompt: PROMPT, maxNewTokens })).rejects.toThrow(
      'maxNewTokens',
    );
  });
});

describe('selection none', () => {
  it('is what a model that selects nothing computes', async () => {
    const dir = join(GOLDEN, 'selects-nothing');
    const [expected] = JSON.parse(await readFile(join(dir, 'expected.json'), 'utf8')) as {
      input_ids: number[];
      tokens: number[];
      options: number[][];
      option_losses: number[];
    }[];
    const plain = await openLocalModel(dir, { selection: 'none', threads: 2 });
    const image = join(dir, 'image0.png');
    const prompt = expected?.input_ids ?? [];
    const { tokens, regions } = await plain.generate({ image, prompt, maxNewTokens: 4 });
    expect(tokens).toEqual(expected?.tokens);
    expect(regions.steps).toEqual([[], [], [], []]);
    const { losses } = await plain.scoreOptions({ image, prompt, options: expected?.options ?? [] });
    expect(Math.abs((losses[0] ?? NaN) - (expected?.option_losses[0] ?? NaN))).toBeLessThan(1e-4);
    await plain.close();
  });
});

describe('text in and out', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'flexattn-model-'));
    await cp(CASE, dir, { recursive: true });
    await cp(join(GOLDEN, 'tokenizer'), dir, { recursive: true });
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('streams the text of an answer and scores options as text', async () => {
    const model = await openLocalModel(dir, { threads: 2 });
    const image = join(GOLDEN, 'photos/chelsea.jpg');
    const prompt = buildPrompt('What colour is the plate?');
    const parts: string[] = [];
    const { text, tokens } = await model.generate({
      image,
      prompt,
      maxNewTokens: 12,
      onToken: (part) => parts.push(part),
    });
    expect(tokens.length).toBeGreaterThan(0);
    expect(parts.join('').trim()).toBe(text);
    const { losses, best } = await model.scoreOptions({
      image,
      prompt,
      options: ['red plate', 'blue', 'red plate'],
    });
    expect(losses[0]).toBeCloseTo(losses[2] ?? NaN, 5);
    expect([0, 1]).toContain(best);
    await model.close();
  });
});
