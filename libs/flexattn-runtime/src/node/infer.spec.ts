import { copyFile, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildPrompt } from '../conversation.js';
import { inferItems } from './infer.js';
import { openLocalModel } from './local-model.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const prompt = buildPrompt('What?');

let root = '';
let model = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexattn-infer-'));
  model = join(root, 'model');
  await cp(join(GOLDEN, 'grouped-heads'), model, { recursive: true });
  await cp(join(GOLDEN, 'tokenizer'), model, { recursive: true });
  await mkdir(join(root, 'images'));
  for (const name of ['chelsea.jpg', 'rocket.jpg']) {
    await copyFile(join(GOLDEN, 'photos', name), join(root, 'images', name));
  }
  await writeFile(join(root, 'images/broken.jpg'), 'no picture');
});
afterAll(() => rm(root, { recursive: true }));
afterEach(async () => {
  await rm(join(root, 'answers.jsonl'), { force: true });
  await rm(join(root, 'answers.jsonl.0-of-1.jsonl'), { force: true });
});

const infer = async (items: object[], more: object = {}) => {
  await writeFile(join(root, 'items.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  const out = join(root, 'answers.jsonl');
  const report = await inferItems({
    model,
    items: join(root, 'items.jsonl'),
    out,
    threads: 2,
    quiet: true,
    ...more,
  });
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  return { report, answers: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
};
const cat = { id: 'a/1', benchmark: 'a', image: 'images/chelsea.jpg', prompt, maxNewTokens: 2 };
const choice = {
  id: 'b/1',
  benchmark: 'b',
  image: 'images/rocket.jpg',
  prompt,
  options: ['red', 'blue plate'],
};

/** What `grouped-heads` says of itself. */
const SETTINGS = {
  selection: 'attention',
  share: 0.1,
  seed: 0,
  threshold: 48,
  firstSelectingLayer: 1,
  precision: 'float',
};

describe('inferItems', () => {
  it('answers in the order of the items, as the model does one by one', async () => {
    const items = [
      cat,
      choice,
      { ...cat, id: 'a/2' },
      { ...choice, id: 'b/2' },
      { ...cat, id: 'a/3', prompt: buildPrompt('Why?') },
    ];
    const { report, answers } = await infer(items);
    expect(report).toEqual({ items: 5, answered: 5, failed: {}, model: SETTINGS });
    expect(answers.map((answer) => answer['id'])).toEqual(items.map((item) => item.id));
    const loaded = await openLocalModel(model, { threads: 2 });
    const image = join(root, cat.image);
    expect(answers[2]).toEqual({ id: 'a/2', ...(await loaded.generate({ image, prompt, maxNewTokens: 2 })) });
    expect(answers[1]).toEqual({
      id: 'b/1',
      ...(await loaded.scoreOptions({ image: join(root, choice.image), prompt, options: choice.options })),
    });
    await loaded.close();
  });

  it('goes on after a stop, and begins anew where the weights changed under the same config.json', async () => {
    const changing = join(root, 'changing');
    await cp(model, changing, { recursive: true });
    const items = [cat, { ...cat, id: 'a/2' }];
    const stopAfterOne = async () => {
      const controller = new AbortController();
      const onAnswer = () => Promise.resolve(controller.abort());
      const stopped = infer(items, { model: changing, signal: controller.signal, onAnswer });
      await expect(stopped).rejects.toMatchObject({ exitCode: 130 });
    };
    const finish = async () => {
      const asked: string[] = [];
      const onAnswer = ({ id }: { id: string }) => Promise.resolve(void asked.push(id));
      await infer(items, { model: changing, onAnswer });
      return asked;
    };
    await stopAfterOne();
    expect(await finish()).toEqual(['a/2']);
    await stopAfterOne();
    const weights = join(changing, 'model.safetensors');
    const bytes = await readFile(weights);
    bytes.writeUInt8((bytes.at(-100) ?? 0) ^ 1, bytes.length - 100);
    await writeFile(weights, bytes);
    expect(await finish()).toEqual(['a/1', 'a/2']);
  });

  it('stretches the picture where an item says so', async () => {
    const { answers } = await infer([cat, { ...cat, id: 'a/2', stretch: true }, { ...cat, id: 'a/3' }]);
    const steps = answers.map((answer) => answer['regions']);
    expect(steps[0]).toEqual(steps[2]);
    expect(steps[1]).not.toEqual(steps[0]);
  });

  it('scores options with the end of text where an item says so', async () => {
    const { answers } = await infer([choice, { ...choice, id: 'b/2', endToken: true }]);
    const [bare, ended] = answers.map((answer) => answer['losses']);
    const loaded = await openLocalModel(model, { threads: 2 });
    const { options } = choice;
    const image = join(root, choice.image);
    expect(ended).toEqual((await loaded.scoreOptions({ image, prompt, options, endToken: true })).losses);
    expect(ended).not.toEqual(bare);
    await loaded.close();
  });

  it('gives the error of an item in its place, without a path of this machine', async () => {
    const { report, answers } = await infer([
      { ...cat, image: 'images/broken.jpg' },
      { ...cat, id: 'a/2', image: 'images/none.jpg' },
      { ...cat, id: 'a/3', image: '../../etc/passwd' },
      { ...cat, id: 'a/4', prompt: 'no picture' },
      { ...cat, id: 'a/5', imageSha256: '0'.repeat(64) },
      { ...cat, id: 'a/6', maxNewTokens: 9999 },
      { ...cat, id: 'a/7' },
    ]);
    const codes = answers.map((answer) => (answer['error'] as { code: string } | undefined)?.code);
    expect(codes).toEqual([
      'IMAGE_UNREADABLE',
      'FILE_MISSING',
      'PATH_ESCAPE',
      'PROMPT_IMAGE_TAGS',
      'IMAGE_CHANGED',
      'PROMPT_TOO_LONG',
      undefined,
    ]);
    expect([report.items, report.answered, report.failed['FILE_MISSING']]).toEqual([7, 1, 1]);
    expect(await readFile(join(root, 'answers.jsonl'), 'utf8')).not.toContain(root);
  });

  it('takes items from anywhere, with pictures below a named folder', async () => {
    const items = (async function* () {
      yield await Promise.resolve(cat);
    })();
    const { answers } = await infer([], { items, root });
    expect(answers.map((answer) => answer['id'])).toEqual(['a/1']);
  });

  it('takes pictures beside the items, named with "./", whatever the root is', async () => {
    const { answers } = await infer([{ ...cat, image: `./${cat.image}` }, cat], {
      root: join(root, 'model'),
    });
    expect(answers.map((answer) => 'error' in answer)).toEqual([false, true]);
  });

  it('leaves nothing behind when an item is none or the run is stopped', async () => {
    await expect(infer([cat, { id: 'x' }])).rejects.toThrow(/items.jsonl\[line 2\].*BAD_ITEM/);
    await expect(infer([cat], { signal: AbortSignal.abort() })).rejects.toMatchObject({ exitCode: 130 });
    await expect(infer([cat], { items: join(root, 'nothing.jsonl') })).rejects.toThrow('FILE_MISSING');
    await expect(stat(join(root, 'answers.jsonl'))).rejects.toThrow('ENOENT');
  });
});
