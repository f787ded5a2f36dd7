import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileModel } from './compile.js';
import { openLocalModel } from './local-model.js';

/** 4 query heads over 2 of keys and values, 32 wide, no biases. */
const CASE = join(import.meta.dirname, '../../golden/grouped-heads');
const REQUEST = { image: join(CASE, 'image1.png'), prompt: [1, 17, 18, -200, 45, 46], maxNewTokens: 4 };
const OPTIONS = [[5, 6, 7], [8]];

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexattn-shapes-'));
});
afterEach(() => rm(root, { recursive: true }));

interface Entry {
  dtype: string;
  shape: number[];
  data: Buffer;
}

/** The tensors of a safetensors file, by name. */
async function readTensors(file: string): Promise<Map<string, Entry>> {
  const bytes = await readFile(file);
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, begin).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header).flatMap(([name, { dtype, shape, data_offsets: [from, to] = [0, 0] }]) =>
      name === '__metadata__'
        ? []
        : [[name, { dtype, shape, data: bytes.subarray(begin + from, begin + to) }]],
    ),
  );
}

async function writeTensors(file: string, tensors: ReadonlyMap<string, Entry>): Promise<void> {
  let at = 0;
  const header: Record<string, object> = {};
  for (const [name, { dtype, shape, data }] of tensors)
    header[name] = { dtype, shape, data_offsets: [at, (at += data.length)] };
  const text = JSON.stringify(header);
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  await writeFile(file, Buffer.concat([length, head, ...[...tensors.values()].map(({ data }) => data)]));
}

/** The case with biases of its attention, and with the embedding table as its language head, tied or as a copy of it. */
async function variant(name: string, { bias, tied }: { bias: number; tied: boolean }): Promise<string> {
  const dir = join(root, name);
  await cp(CASE, dir, { recursive: true });
  const file = join(dir, 'model.safetensors');
  const tensors = await readTensors(file);
  for (const [weight, { dtype, shape }] of [...tensors]) {
    const [rows = 0] = shape;
    if (bias === 0 || !/self_attn\.[qkvo]_proj(_hd)?\.weight$/.test(weight)) continue;
    const data = Buffer.from(Float32Array.from({ length: rows }, (_, i) => bias * Math.sin(1 + i)).buffer);
    tensors.set(weight.replace(/weight$/, 'bias'), { dtype, shape: [rows], data });
  }
  const table = tensors.get('model.embed_tokens.weight');
  if (tied || table === undefined) tensors.delete('lm_head.weight');
  else tensors.set('lm_head.weight', table);
  await writeTensors(file, tensors);
  const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as object;
  const changed = { ...config, tie_word_embeddings: tied, attention_bias: bias !== 0 };
  await writeFile(join(dir, 'config.json'), JSON.stringify(changed));
  return dir;
}

async function answer(dir: string, graphs: 'steps' | 'loop' | 'device' = 'steps') {
  const model = await openLocalModel(dir, { device: 'cpu', threads: 1, graphs });
  const { tokens, regions } = await model.generate(REQUEST);
  const { losses } = await model.scoreOptions({ ...REQUEST, options: OPTIONS });
  await model.close();
  return { tokens, regions, losses };
}

describe('biases, grouped heads and a tied language head in one model', () => {
  it.each(['loop', 'device'] as const)('are computed alike by the step graphs and by: %s', async (graphs) => {
    const dir = await variant('tied', { bias: 0.3, tied: true });
    const { losses, ...expected } = await answer(dir);
    const { losses: others, ...got } = await answer(dir, graphs);
    expect(expected.regions.steps.flat().some(({ rows }) => rows.length > 0)).toBe(true);
    expect(got).toEqual(expected);
    for (const [at, loss] of losses.entries()) expect(others[at]).toBeCloseTo(loss, 5);
  });

  it('answer as a copy of the table does, from a compiled folder too, and otherwise than without biases', async () => {
    const tied = await variant('tied', { bias: 0.3, tied: true });
    const expected = await answer(tied);
    expect(await answer(await variant('copied', { bias: 0.3, tied: false }))).toEqual(expected);
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: tied, out });
    expect(await answer(out)).toEqual(expected);
    const { losses } = await answer(await variant('plain', { bias: 0, tied: true }));
    expect(Math.abs((losses[0] ?? NaN) - (expected.losses[0] ?? NaN))).toBeGreaterThan(1e-3);
  });
});
