import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildPrompt } from '../conversation.js';
import { CompiledLibs } from './compiled-libs.fixture.js';
import { openLocalModel } from './local-model.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const IMAGE = join(GOLDEN, 'grouped-heads/image0.png');
const PROMPT = [1, 17, 18, -200, 45, 46];
/** Stands for the item that kills whoever answers it. */
const DEADLY = 13;
/** Stands for the item that kills the first who answers it. */
const DEADLY_ONCE = 14;
const VISIBLE = { CUDA_VISIBLE_DEVICES: '4,6' };
/** What a worker is made to do at its start: add the GPUs that it sees to a file. */
const tellGpus = (file: string) =>
  `process.getBuiltinModule('fs').appendFileSync(${JSON.stringify(file)}, process.env.CUDA_VISIBLE_DEVICES + ' ');\n`;

let libs: CompiledLibs;
let root = '';
let model = '';
/** Milliseconds, for a machine that is busy: real processes load a model each. */
const SLOW = 120_000;
vi.setConfig({ testTimeout: SLOW, hookTimeout: SLOW });

beforeAll(async () => {
  libs = await CompiledLibs.make();
  root = await mkdtemp(join(tmpdir(), 'flexattn-workers-'));
  const killed = JSON.stringify(join(root, 'killed'));
  await libs.patch(
    'node/local-model.js',
    'async generate(request) {',
    `async generate(request) {
      const { existsSync, writeFileSync } = await import('node:fs');
      const isFirst = request.maxNewTokens === ${DEADLY_ONCE} && !existsSync(${killed});
      if (isFirst) writeFileSync(${killed}, '');
      if (isFirst || request.maxNewTokens === ${DEADLY}) process.kill(process.pid, 'SIGKILL');`,
  );
  model = join(root, 'model');
  await cp(join(GOLDEN, 'grouped-heads'), model, { recursive: true });
  await cp(join(GOLDEN, 'tokenizer'), model, { recursive: true });
  await mkdir(join(root, 'images'));
  for (const name of ['chelsea.jpg', 'rocket.jpg', 'coffee.png'])
    await copyFile(join(GOLDEN, 'photos', name), join(root, 'images', name));
  await cp(IMAGE, join(root, 'images/square.png'));
});
afterAll(async () => {
  await libs.remove();
  await rm(root, { recursive: true });
});

describe('a model in its thread', () => {
  it('says once, in our words, that a device is absent', async () => {
    const failing = libs.run(`
      import { loadModel } from '@flexattn/flexattn-runtime';
      await loadModel(${JSON.stringify(model)}, { device: 'cuda' }).catch((error) => {
        console.error(error.code);
        process.exitCode = 1;
      });`);
    // All that the process wrote to its standard error, native code included.
    const said = await failing.catch((error: Error) => error.message);
    expect(said).toContain('DEVICE_ABSENT');
    expect(said).not.toContain('onnxruntime');
  });

  const withModel = (body: string) =>
    libs.run(`
      import { loadModel, RuntimeError } from '@flexattn/flexattn-runtime';
      const model = await loadModel(${JSON.stringify(model)}, { threads: 1 });
      const image = ${JSON.stringify(IMAGE)}, prompt = ${JSON.stringify(PROMPT)};
      const codeOf = (work) => work.then(() => 'none', (error) => [error.code, error.exitCode, error.message]);
      console.log(JSON.stringify(await (async () => { ${body} })()));
    `);

  it('answers as the model itself does, calls that overlap in turn, and ends', async () => {
    const local = await openLocalModel(model, { threads: 1 });
    const generated = await local.generate({ image: IMAGE, prompt: PROMPT, maxNewTokens: 3 });
    const scored = await local.scoreOptions({ image: IMAGE, prompt: PROMPT, options: [[5, 6], [7]] });
    await local.close();
    const got = await withModel(`
      const tokens = [];
      const known = await model.encodeImage(image);
      const results = await Promise.all([
        model.generate({ image: known, prompt, maxNewTokens: 3, onToken: (text, token) => tokens.push(token) }),
        model.scoreOptions({ image, prompt, options: [[5, 6], [7]] }),
      ]);
      await model.close();
      return [...results, tokens, await codeOf(model.generate({ image, prompt, maxNewTokens: 3 }))];
    `);
    const closed = ['MODEL_CLOSED', 2, 'the model was closed; load it again (MODEL_CLOSED)'];
    expect(got).toEqual([generated, scored, generated.tokens, closed]);
  });

  it('stays free meanwhile: an abort stops the answer between two tokens', async () => {
    const got = await withModel(`
      const controller = new AbortController();
      let tokens = 0;
      const onToken = () => { if (++tokens === 2) controller.abort(); };
      const stopped = await codeOf(model.generate({ image, prompt, maxNewTokens: 400, signal: controller.signal, onToken }));
      const after = await model.generate({ image, prompt, maxNewTokens: 2 });
      await model.close();
      return [stopped, tokens < 400, after.tokens.length];
    `);
    expect(got).toEqual([['INTERRUPTED', 130, 'stopped (INTERRUPTED)'], true, 2]);
  });

  it('gives errors back as they were thrown', async () => {
    const got = await withModel(`
      const errors = [
        await codeOf(model.generate({ image: '/nowhere.png', prompt, maxNewTokens: 1 })),
        await codeOf(model.generate({ image: { data: new Uint8Array(5), width: 1, height: 1 }, prompt, maxNewTokens: 1 })),
        await codeOf(loadModel('/nowhere')),
      ];
      const refused = model.generate({ image, prompt: 'no picture', maxNewTokens: 1 });
      const isOurs = await refused.catch((error) => error instanceof RuntimeError && error.code);
      await model.close();
      return [isOurs, ...errors.map(([code, exitCode]) => [code, exitCode])];
    `);
    expect(got).toEqual([
      'PROMPT_IMAGE_TAGS',
      ['FILE_MISSING', 2],
      ['IMAGE_UNREADABLE', 2],
      ['FOLDER_MISSING', 2],
    ]);
  });
});

describe('inferItems on several workers', () => {
  const prompt = buildPrompt('What?');
  const images = ['chelsea.jpg', 'rocket.jpg', 'coffee.png', 'square.png'];
  const items = Array.from({ length: 12 }, (_, index) => ({
    id: `item/${index}`,
    image: `images/${images[(index * 3) % 4]}`,
    prompt: buildPrompt(`Question ${index}?`),
    ...(index % 3 === 0 ? { options: ['red', 'blue plate'] } : { maxNewTokens: 3 }),
  }));

  const infer = async (name: string, list: object[], options: object, times = 1) => {
    await writeFile(join(root, 'items.jsonl'), list.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const out = join(root, name);
    const all = { model, items: join(root, 'items.jsonl'), out, threads: 2, quiet: true, ...options };
    const report = await libs.run(`
      import { inferItems } from '@flexattn/flexattn-runtime';
      let report;
      for (let i = 0; i < ${times}; i++) report = await inferItems({ ...${JSON.stringify(all)}, ...(${times} > 1 && { shard: { index: i, count: ${times} } }) });
      console.log(JSON.stringify(report));
    `);
    return { report, bytes: await readFile(out, 'utf8') };
  };

  it('writes the same bytes for any number of workers and shards', async () => {
    const one = await infer('one.jsonl', items, {});
    expect(one.report).toMatchObject({ items: 12, answered: 12, failed: {} });
    const three = await infer('three.jsonl', items, { workers: 3 });
    expect(three).toEqual(one);
    const shards = await infer('shards.jsonl', items, { workers: 2 }, 3);
    expect(shards.bytes).toBe(one.bytes);
    const ranks = await infer(
      'ranks.jsonl',
      items,
      { threads: undefined, localRank: { index: 1, count: 2 } },
      2,
    );
    expect(ranks.bytes).toBe(one.bytes);
  });

  it('goes on where a run was killed, and repeats nothing', async () => {
    const expected = await infer('whole.jsonl', items, {});
    const deadly = [
      ...items.slice(0, 5),
      { id: 'dead', image: 'images/square.png', prompt, maxNewTokens: DEADLY },
    ];
    // Killed in its own process at the last item; the journal keeps what came before.
    await expect(infer('killed.jsonl', deadly, {})).rejects.toThrow('Command failed');
    const journal = join(root, 'killed.jsonl.0-of-1.jsonl');
    const [, ...lines] = (await readFile(journal, 'utf8')).trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    const mark = (line: string) => line.replace(/"id":"[^"]*"/, '"id":"kept"');
    const before = lines.map((line) => (JSON.parse(line) as { index: number }).index);
    await writeFile(
      journal,
      `${[(await readFile(journal, 'utf8')).split('\n')[0], ...lines.map(mark)].join('\n')}\n{"ind`,
    );
    const { bytes, report } = await infer('killed.jsonl', deadly, { workers: 2 });
    const ids = bytes
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids.flatMap((id, index) => (id === 'kept' ? [index] : []))).toEqual(before.sort((a, b) => a - b));
    expect(report).toMatchObject({ items: 6, failed: { WORKER_DIED: 1 } });
    // Another run's answers are no help.
    await copyFile(journal, join(root, 'whole.jsonl.0-of-1.jsonl'));
    expect(await infer('whole.jsonl', items, {})).toEqual(expected);
  });

  it('leaves the answers of a part in the order of completion, with their places', async () => {
    const { bytes } = await infer('ordered.jsonl', items, {});
    const told = (await readFile(join(root, 'ordered.jsonl.0-of-1.jsonl'), 'utf8')).trim().split('\n');
    const answers = told.flatMap((line) => {
      const value = JSON.parse(line) as { index?: number };
      return value.index === undefined ? [] : [value];
    });
    // One picture after the other: each is asked about three times.
    expect(answers.map(({ index }) => index)).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    const sorted = answers.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    expect(sorted.map(({ index, ...answer }) => `${index}${JSON.stringify(answer)}`)).toEqual(
      bytes
        .trim()
        .split('\n')
        .map((line, index) => `${index}${line}`),
    );
  });

  it('helps a part that has begun and stopped, leaves alone one that has not, and repeats nothing', async () => {
    const one = await infer('one.jsonl', items, {});
    await writeFile(join(root, 'items.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const all = { model, items: join(root, 'items.jsonl'), out: join(root, 'helped.jsonl'), threads: 2 };
    const reports = await libs.run(`
      import { inferItems } from '@flexattn/flexattn-runtime';
      const all = { ...${JSON.stringify(all)}, quiet: true };
      const part = (index, more) => inferItems({ ...all, shard: { index, count: 3 }, ...more });
      const controller = new AbortController();
      const stop = () => Promise.resolve(controller.abort());
      const stopped = await part(1, { signal: controller.signal, onAnswer: stop }).catch((error) => error.exitCode);
      const items = [];
      for (const index of [0, 1, 2, 0]) items.push((await part(index)).items);
      console.log(JSON.stringify([stopped, items]));
    `);
    // Part 1 had answered one of its three; part 0 has two pictures.
    expect(reports).toEqual([130, [8, 1, 3, 8]]);
    expect(await readFile(join(root, 'helped.jsonl'), 'utf8')).toBe(one.bytes);
  });

  it('gives what a killed worker had to the others: every item is answered, with the same bytes', async () => {
    const list = [...items];
    list.splice(2, 0, { id: 'once', image: 'images/chelsea.jpg', prompt, maxNewTokens: DEADLY_ONCE });
    const killed = await infer('survived.jsonl', list, { workers: 2 });
    expect(await readdir(root)).toContain('killed');
    expect(killed.report).toMatchObject({ items: 13, answered: 13, failed: {} });
    expect(await infer('unharmed.jsonl', list, {})).toEqual(killed);
  });

  it('gives up an item of which three workers died, and answers all others', async () => {
    const list = [...items];
    list.splice(6, 0, { id: 'dead', image: 'images/rocket.jpg', prompt, maxNewTokens: DEADLY });
    const { report, bytes } = await infer('dead.jsonl', list, { workers: 2 });
    expect(report).toMatchObject({ items: 13, answered: 12, failed: { WORKER_DIED: 1 } });
    expect(bytes.split('\n')[6]).toContain('three workers died of this item');
  });

  it.each([
    ['named ones in turn', { gpus: ['3', '5'], device: 'cpu' }, {}, ['3', '5']],
    ['that of our place on the machine', { localRank: { index: 2, count: 4 }, device: 'cuda' }, {}, ['2']],
    ['one of those left visible', { localRank: { index: 1 }, device: 'cuda' }, VISIBLE, ['6']],
    ['named before our place', { gpus: ['7'], localRank: { index: 1 }, device: 'cpu' }, VISIBLE, ['7']],
  ])('starts a worker that sees one GPU: %s', async (name, options, env, expected) => {
    const seen = join(root, `seen ${name}`);
    await writeFile(seen, '');
    await writeFile(join(root, 'items.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const all = { model, items: join(root, 'items.jsonl'), out: join(root, `${name}.jsonl`), quiet: true };
    await libs.patch('node/infer-worker.js', '', tellGpus(seen));
    // On a machine without a GPU the workers of CUDA end with an error that says so; they have been started by then.
    await libs.run(
      `import { inferItems } from '@flexattn/flexattn-runtime';
      await inferItems(${JSON.stringify({ ...all, ...options })}).catch(() => undefined);
      console.log('{}');`,
      { CUDA_VISIBLE_DEVICES: '', ...env },
    );
    expect((await readFile(seen, 'utf8')).trim().split(' ').sort()).toEqual(expected);
  });

  it('tells a mistake of the model once, and leaves no answers', async () => {
    await expect(infer('none.jsonl', items, { workers: 2, model: root })).rejects.toThrow(/config\.json/);
  });
});
