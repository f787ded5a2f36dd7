import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { geometryOf, SELECTIONS } from '../geometry.js';
import type { Selection } from '../geometry.js';
import { buildModelGraphs } from '../graphs/model-graphs.js';
import { compileModel } from './compile.js';
import { verifyGolden } from './golden.js';
import { openLocalModel } from './local-model.js';
import type { LocalModel } from './local-model.js';
import { GraphSessions } from './session.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const CASE = join(GOLDEN, 'grouped-heads');
const IMAGE = join(CASE, 'image0.png');
const PROMPT = [1, 17, 18, -200, 45, 46];
const OPTIONS = [[5, 6, 7], [8], [9, 10]];

const open = (dir: string, graphs: 'loop' | 'steps', selection?: Selection) =>
  openLocalModel(dir, { device: 'cpu', threads: 2, graphs, selection });

/** Answer, regions and losses of one question. */
async function answers(model: LocalModel, prompt = PROMPT, maxNewTokens = 5) {
  const { tokens, regions, finish } = await model.generate({ image: IMAGE, prompt, maxNewTokens });
  const scored = await model.scoreOptions({ image: IMAGE, prompt, options: OPTIONS });
  return { tokens, steps: regions.steps, finish, ...scored };
}

/** The two ways of computing agree: tokens and regions are equal, losses up to the order of sums. */
async function expectSame(dir: string, selection?: Selection, prompt = PROMPT, tolerance = 1e-5) {
  const [loop, steps] = [await open(dir, 'loop', selection), await open(dir, 'steps', selection)];
  const { losses: got, ...answer } = await answers(loop, prompt);
  const { losses: expected, ...rest } = await answers(steps, prompt);
  await Promise.all([loop.close(), steps.close()]);
  expect(answer).toEqual(rest);
  for (const [index, loss] of got.entries())
    expect(Math.abs(loss - (expected[index] ?? NaN))).toBeLessThan(tolerance);
}

describe('the loop graph on the processor', () => {
  it.each([
    'zoom3-126px',
    'zoom2-182px',
    'selects-nothing',
    'llava-geometry-1008px',
    'grouped-heads',
    'half-precision',
  ])('%s: same tokens and regions as expected, logits within the tolerance', async (name) => {
    const { ok, cases } = await verifyGolden([join(GOLDEN, name)], {
      threads: 2,
      device: 'cpu',
      graphs: 'loop',
    });
    const images = cases.flatMap((entry) => entry.images);
    expect(images.length).toBeGreaterThan(0);
    expect(images.filter((image) => !image.ok)).toEqual([]);
    expect(ok).toBe(true);
  });

  it.each(SELECTIONS)('answers as the step graphs do: selection %s', (selection) =>
    expectSame(CASE, selection),
  );

  it.each([
    ['the picture first', [-200, 45, 46]],
    ['the picture last', [1, 17, -200]],
  ])('answers as the step graphs do: %s', (_, prompt) => expectSame(CASE, 'attention', prompt));

  it.each([
    ['at the end of the text', 8, 'stop'],
    ['after so many tokens', 1, 'length'],
  ])('stops %s', async (_, maxNewTokens, finish) => {
    const model = await open(join(GOLDEN, 'half-precision'), 'loop');
    const image = join(GOLDEN, 'half-precision/image0.png');
    const expected = JSON.parse(await readFile(join(GOLDEN, 'half-precision/expected.json'), 'utf8')) as {
      input_ids: number[];
      tokens: number[];
    }[];
    const { input_ids: prompt = [], tokens = [] } = expected[0] ?? {};
    expect(tokens.at(-1)).toBe(model.geometry.endOfText);
    const answer = await model.generate({ image, prompt, maxNewTokens });
    expect(answer).toMatchObject({ tokens: tokens.slice(0, maxNewTokens), finish });
    expect(answer.regions.steps).toHaveLength(answer.tokens.length);
    await model.close();
  });
});

describe('one answer', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Names of the graphs that run from now on. */
  function watch(): string[] {
    const runs: string[] = [];
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const run = GraphSessions.prototype.run;
    vi.spyOn(GraphSessions.prototype, 'run').mockImplementation(function (this: GraphSessions, ...args) {
      runs.push(args[0]);
      return run.apply(this, args);
    });
    return runs;
  }

  it('is one run, as are the options of one item; a picture is encoded once', async () => {
    const runs = watch();
    const model = await open(CASE, 'loop');
    const { zoom } = model.geometry;
    await answers(model);
    expect(runs).toEqual([...new Array<string>(1 + zoom ** 2).fill('vision'), 'loop', 'loop']);
    await model.close();
  });

  it('tells its tokens when it is there, and is not begun for a signal that came before', async () => {
    const model = await open(CASE, 'loop');
    const told: number[] = [];
    const request = { image: IMAGE, prompt: PROMPT, maxNewTokens: 3 };
    const { tokens } = await model.generate({ ...request, onToken: (_, token) => told.push(token) });
    expect(told).toEqual(tokens);
    const runs = watch();
    const signal = AbortSignal.abort();
    await expect(model.generate({ ...request, signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(runs).toEqual([]);
    await model.close();
  });

  it('that was stopped meanwhile is not told when its run has ended', async () => {
    const model = await open(CASE, 'loop');
    const controller = new AbortController();
    const told: number[] = [];
    const onToken = (_: string, token: number) => {
      told.push(token);
      controller.abort();
    };
    const request = { image: IMAGE, prompt: PROMPT, maxNewTokens: 3, signal: controller.signal, onToken };
    await expect(model.generate(request)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(told).toHaveLength(1);
    await model.close();
  });
});

it('answers as the step graphs do in fewer bits', async () => {
  const out = await mkdtemp(join(tmpdir(), 'flexattn-loop-'));
  await compileModel({ checkpoint: CASE, out, precision: 'int8' });
  await expectSame(out);
  await rm(out, { recursive: true });
});

describe('bfloat16 weights', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'flexattn-bfloat16-'));
    await cp(CASE, join(dir, 'checkpoint'), { recursive: true });
    for (const name of await readdir(join(dir, 'checkpoint')))
      if (/^model.*\.safetensors$/.test(name)) await toBfloat16(join(dir, 'checkpoint', name));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('are widened on the processor, from the checkpoint and from a compiled folder', async () => {
    const [checkpoint, out] = [join(dir, 'checkpoint'), join(dir, 'compiled')];
    await expectSame(checkpoint);
    await compileModel({ checkpoint, out });
    await expectSame(out);
  });

  it('are multiplied as they are elsewhere: all that the processor lacks is the kernels', async () => {
    const { config, tensors } = await openCheckpoint(join(dir, 'checkpoint'));
    const geometry = geometryOf(config, { selection: 'attention' }, 'config.json');
    const { graphs } = buildModelGraphs(geometry, tensors, ['loop']);
    await expect(GraphSessions.open(join(dir, 'checkpoint'), graphs)).rejects.toThrow(
      /Could not find an implementation for \w+\(\d+\)/,
    );
  });
});

/** A safetensors file of F32 tensors with their upper 16 bits alone. */
async function toBfloat16(file: string): Promise<void> {
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const data = bytes.subarray(8 + length);
  const halves: Buffer[] = [];
  let at = 0;
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [begin, end] = info.data_offsets;
    const half = Buffer.alloc((end - begin) / 2);
    for (let i = 0; i < half.length; i += 2) half.writeUInt16LE(data.readUInt16LE(begin + 2 * i + 2), i);
    halves.push(half);
    header[name] = { ...info, dtype: 'BF16', data_offsets: [at, at + half.length] };
    at += half.length;
  }
  const text = JSON.stringify(header);
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(head.length));
  await writeFile(file, Buffer.concat([size, head, ...halves]));
}
