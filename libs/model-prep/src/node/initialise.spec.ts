import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG,
  decoderTensors,
  EXTRA,
  snapshot,
  temporaryFolder,
  tensor,
  visionTensors,
  writeCheckpoint,
} from '../checkpoint.fixture.js';
import type { CheckpointParts, Tensors } from '../checkpoint.fixture.js';
import { VISION_PREFIX } from '../expected-tensors.js';
import type { Tensor } from '../float32.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { initialiseHighResProjections } from './initialise.js';
import type { InitReport } from './initialise.js';
import { openCheckpoint } from './open-checkpoint.js';

const GOLDEN = new URL('../../golden/selects-nothing', import.meta.url).pathname;
const INDEX = 'model.safetensors.index.json';
let root: string;
let count = 0;
const path = (): string => join(root, String(count++));
const fresh = (parts?: CheckpointParts): string => writeCheckpoint(path(), parts);
const low = (name: string): string => name.replace('_proj_hd.', '_proj.');

/** The tensors with a copy of every `k_proj` and `v_proj` that `choose` takes. */
function withHighRes(tensors: Tensors, choose: (name: string) => boolean = () => true): Tensors {
  const copies = [...tensors].filter(
    ([name]) => /^model\.layers\.\d+\.self_attn\.[kv]_proj\./.test(name) && choose(name),
  );
  return new Map([
    ...tensors,
    ...copies.map(([name, value]) => [name.replace('_proj.', '_proj_hd.'), value] as const),
  ]);
}

async function init(checkpoint: string, options = {}): Promise<{ out: string; report: InitReport }> {
  const out = path();
  const before = snapshot(checkpoint);
  const report = await initialiseHighResProjections({ checkpoint, out, ...options });
  // Whatever it does, the original stays as it was.
  expect(snapshot(checkpoint)).toEqual(before);
  return { out, report };
}

beforeAll(() => (root = temporaryFolder()));
afterAll(() => rmSync(root, { recursive: true }));

describe('initialiseHighResProjections', () => {
  it.each([
    { what: 'one file', parts: {}, added: 22 },
    { what: 'three shards', parts: { shards: 3 }, added: 22 },
    { what: 'BF16', parts: { tensors: decoderTensors({ dtype: 'BF16' }) }, added: 22 },
    {
      what: 'F32 with biases',
      parts: { tensors: decoderTensors({ dtype: 'F32', bias: true }), shards: 2 },
      added: 44,
    },
  ])('adds exact copies to every layer of $what', async ({ parts, added }) => {
    const dir = fresh(parts);
    const { out, report } = await init(dir);
    const [before, after] = [await openCheckpoint(dir), await openCheckpoint(out)];
    const copies = [...after.tensors.keys()].filter((name) => name.includes('_proj_hd'));
    expect(copies).toHaveLength(added);
    for (const name of copies) expect(await after.read(name)).toEqual(await before.read(low(name)));
    for (const name of before.tensors.keys()) expect(await after.read(name)).toEqual(await before.read(name));
    expect(after.tensors.size).toBe(before.tensors.size + added);
    const bytes = copies.reduce((sum, name) => sum + (after.tensors.get(name)?.byteLength ?? 0), 0);
    expect(report).toMatchObject({ layers: 11, added, bytes, state: 'initialised' });
  });

  it('gives a golden model the projections that were taken from it', async () => {
    const golden = await openCheckpoint(GOLDEN);
    const tensors: Tensors = new Map();
    for (const name of golden.tensors.keys())
      if (!name.includes('_proj_hd')) tensors.set(name, await golden.read(name));
    const dir = path();
    cpSync(GOLDEN, dir, { recursive: true });
    writeFileSync(join(dir, 'model.safetensors'), writeSafetensors(tensors));
    const { out } = await init(dir);
    const after = await openCheckpoint(out);
    expect([...after.tensors.keys()].sort()).toEqual([...golden.tensors.keys()].sort());
    for (const name of after.tensors.keys())
      expect(await after.read(name)).toEqual(await golden.read(low(name)));
    expect(readFileSync(join(out, 'config.json'))).toEqual(readFileSync(join(GOLDEN, 'config.json')));
  });

  it('links what is there under the names of shards, and nothing else is left out', async () => {
    const dir = fresh({ shards: 2, files: { 'tokenizer.model': 'x', 'a/b/c.txt': 'y', '.git/config': 'z' } });
    const { out, report } = await init(dir);
    const [before, after] = [snapshot(dir), snapshot(out)];
    expect(Object.keys(after)).toEqual([
      ...['a/b/c.txt', 'clip/config.json', 'clip/model.safetensors', 'config.json'],
      ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
      ...[INDEX, 'tokenizer.json', 'tokenizer.model'],
    ]);
    for (const i of [1, 2]) {
      expect(after[`model-0000${i}-of-00003.safetensors`]).toBe(
        before[`model-0000${i}-of-00002.safetensors`],
      );
    }
    for (const name of ['a/b/c.txt', 'clip/model.safetensors', 'config.json'])
      expect(after[name]).toBe(before[name]);
    expect(report.files.map((file) => file.path)).toEqual(Object.keys(after));
    expect(report.files.filter(({ how }) => how === 'written').map((file) => file.path)).toEqual([
      'model-00003-of-00003.safetensors',
      INDEX,
    ]);
    for (const file of report.files) expect(file.bytes).toBe(statSync(join(out, file.path)).size);
  });

  it('writes an index in natural order with the size of all tensors', async () => {
    const { out } = await init(fresh({ shards: 2 }));
    const index = JSON.parse(readFileSync(join(out, INDEX), 'utf8')) as {
      metadata: Record<string, unknown>;
      weight_map: Record<string, string>;
    };
    const { tensors } = await openCheckpoint(out);
    const own = [...tensors.values()].filter(({ file }) => !file.startsWith('clip/'));
    expect(index.metadata).toEqual({
      total_size: own.reduce((sum, { byteLength }) => sum + byteLength, 0),
      format: 'pt',
    });
    const names = Object.keys(index.weight_map);
    expect(names.indexOf('model.layers.2.self_attn.k_proj_hd.weight')).toBeLessThan(
      names.indexOf('model.layers.10.self_attn.k_proj.weight'),
    );
    expect(names).toHaveLength(own.length);
  });

  it('gives the vision tower none', async () => {
    const { out } = await init(
      fresh({ tensors: new Map([...decoderTensors(), ...visionTensors(VISION_PREFIX)]) }),
    );
    const { tensors } = await openCheckpoint(out);
    expect(
      [...tensors.keys()].filter((name) => name.includes('vision_tower') && name.includes('_hd')),
    ).toEqual([]);
  });

  it('initialises a checkpoint whose vision tower is a hub id', async () => {
    const { report } = await init(fresh({ config: { ...CONFIG, mm_vision_tower: 'openai/clip' } }));
    expect(report.state).toBe('initialised');
  });

  it('merges extra into config.json and keeps the rest of its text', async () => {
    const text = JSON.stringify(CONFIG, null, 2).replace('0.00001', '1e-05');
    const { out } = await init(fresh({ files: { 'config.json': text } }), { extra: EXTRA });
    const written = readFileSync(join(out, 'config.json'), 'utf8');
    expect(written.startsWith(text.slice(0, -2))).toBe(true);
    expect((JSON.parse(written) as Record<string, unknown>)['extra']).toEqual(EXTRA);
    expect((await openCheckpoint(out)).config.extra).toMatchObject({
      lowresSize: 6,
      highresSize: 18,
      warmup: 10,
    });
  });

  it('mends an incomplete extra of the checkpoint with that of the run', async () => {
    const dir = fresh({ config: { ...CONFIG, extra: { threshold: '48' } } });
    await expect(init(dir)).rejects.toThrow(/extra\.lowres_size: .*BAD_CONFIG/);
    expect((await init(dir, { extra: EXTRA })).report.state).toBe('initialised');
  });

  it('gives the same bytes each time', async () => {
    const dir = fresh({ shards: 2 });
    const first = await init(dir, { extra: EXTRA });
    const second = await init(dir, { extra: Object.fromEntries(Object.entries(EXTRA).reverse()) });
    expect(snapshot(second.out)).toEqual(snapshot(first.out));
    expect(second.report).toEqual(first.report);
  });
});

describe('initialiseHighResProjections leaves what is there', () => {
  it('changes nothing the second time, and says so', async () => {
    const first = await init(fresh({ shards: 2 }), { extra: EXTRA });
    const second = await init(first.out, { extra: EXTRA });
    expect(second.report).toMatchObject({ added: 0, bytes: 0, state: 'already' });
    expect(snapshot(second.out)).toEqual(snapshot(first.out));
    expect(second.report.files.filter(({ how }) => how === 'written')).toEqual([]);
  });

  it('completes a checkpoint that has some', async () => {
    const tensors = withHighRes(
      decoderTensors({ bias: true }),
      (name) => name.endsWith('weight') && !name.includes('.4.'),
    );
    const { out, report } = await init(fresh({ tensors }));
    expect(report).toMatchObject({ added: 22 + 2, state: 'completed' });
    const after = await openCheckpoint(out);
    expect(await after.read('model.layers.4.self_attn.v_proj_hd.weight')).toEqual(
      tensors.get('model.layers.4.self_attn.v_proj.weight'),
    );
  });

  it.each<[string, (copied: Tensor) => Tensor]>([
    ['values', () => tensor('trained', [4, 8], 'F16')],
    ['a wider dtype', () => tensor('trained', [4, 8], 'F32')],
    ['another dtype for the same bytes', (copied) => ({ ...copied, dtype: 'BF16' })],
  ])('leaves trained projections alone, which differ in %s', async (_, train) => {
    const name = 'model.layers.10.self_attn.v_proj_hd.weight';
    const tensors = withHighRes(decoderTensors());
    const copied = tensors.get(name) ?? tensor(name, [4, 8], 'F16');
    const trained = train(copied);
    const { out, report } = await init(fresh({ tensors: tensors.set(name, trained) }));
    expect(report).toMatchObject({ added: 0, bytes: 0, state: 'trained' });
    expect(await (await openCheckpoint(out)).read(name)).toEqual(trained);
    const untouched = await init(fresh({ tensors: tensors.set(name, copied) }));
    expect(untouched.report.state).toBe('already');
  });

  it('knows a golden model, whose projections are its own, as trained', async () => {
    const { out, report } = await init(GOLDEN);
    expect(report).toMatchObject({ layers: 11, added: 0, state: 'trained' });
    expect(snapshot(out)).toEqual(snapshot(GOLDEN));
  });

  it('refuses a checkpoint that is trained and lacks some', async () => {
    const tensors = withHighRes(decoderTensors(), (name) => !name.includes('.4.'));
    tensors.set('model.layers.3.self_attn.v_proj_hd.weight', tensor('trained', [4, 8], 'F16'));
    await expect(init(fresh({ tensors }))).rejects.toThrow(
      /layers\.4\.self_attn\.k_proj_hd.*layers\.3.*PARTLY_TRAINED/,
    );
  });
});

describe('initialiseHighResProjections writes', () => {
  it('nothing in a dry run, and reports the same', async () => {
    const dir = fresh();
    const dry = await init(dir, { dryRun: true, extra: EXTRA });
    expect(existsSync(dry.out)).toBe(false);
    const real = await init(dir, { extra: EXTRA });
    expect(dry.report).toEqual(real.report);
    const again = await initialiseHighResProjections({
      checkpoint: dir,
      out: real.out,
      dryRun: true,
      extra: EXTRA,
    });
    expect(again).toEqual(real.report);
  });

  it('into an empty folder, not into one with files', async () => {
    const checkpoint = fresh();
    const out = path();
    mkdirSync(out);
    await initialiseHighResProjections({ checkpoint, out });
    const before = snapshot(out);
    await expect(initialiseHighResProjections({ checkpoint, out })).rejects.toThrow(/OUT_EXISTS/);
    expect(snapshot(out)).toEqual(before);
    const file = join(out, 'config.json');
    await expect(initialiseHighResProjections({ checkpoint, out: file })).rejects.toThrow(
      /got a file.*OUT_EXISTS/,
    );
  });

  it.each(['', 'inner/deep', '..'])('never over the checkpoint: %j', async (place) => {
    const checkpoint = fresh();
    const out = join(checkpoint, place);
    await expect(initialiseHighResProjections({ checkpoint, out })).rejects.toThrow(/OUT_OVERLAPS/);
    expect(existsSync(join(checkpoint, 'inner'))).toBe(false);
  });

  it('nothing when it is stopped, whenever that is', async () => {
    const checkpoint = fresh({ tensors: withHighRes(decoderTensors(), (name) => name.includes('.4.')) });
    const stopAt = async (stop: number): Promise<number> => {
      let asked = 0;
      const throwIfAborted = (): void => {
        if (asked++ === stop) throw new Error('stopped');
      };
      const out = path();
      const signal = Object.assign(new AbortController().signal, { throwIfAborted });
      const run = initialiseHighResProjections({ checkpoint, out, signal });
      if (stop === Infinity) await run;
      else await expect(run).rejects.toThrow('stopped');
      expect(existsSync(out)).toBe(stop === Infinity);
      return asked;
    };
    const all = await stopAt(Infinity);
    expect(all).toBeGreaterThan(20);
    for (let stop = 0; stop < all; stop++) await stopAt(stop);
    expect(readdirSync(root).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('nothing when a weight file turns out to be damaged on the way', async () => {
    const name = 'model.layers.0.mlp.up_proj.weight';
    const tensors = decoderTensors().set(name, tensor(name, [8, 12], 'F16'));
    const out = path();
    await expect(initialiseHighResProjections({ checkpoint: fresh({ tensors }), out })).rejects.toThrow(
      /SHAPE_MISMATCH/,
    );
    expect(existsSync(out)).toBe(false);
  });

  it('links to files inside as files, and refuses links that leave the folder', async () => {
    const dir = fresh();
    symlinkSync('tokenizer.json', join(dir, 'inside.json'));
    const { out } = await init(dir);
    expect(readFileSync(join(out, 'inside.json'), 'utf8')).toBe('{}');
    symlinkSync(join(GOLDEN, 'config.json'), join(dir, 'outside.json'));
    await expect(init(dir)).rejects.toThrow(/outside\.json: .*cp -rL.*LINK_ESCAPE/);
    rmSync(join(dir, 'outside.json'));
    symlinkSync('clip', join(dir, 'folder'));
    await expect(init(dir)).rejects.toThrow(/folder: .*NOT_A_REGULAR_FILE/);
    rmSync(join(dir, 'folder'));
    symlinkSync('nothing', join(dir, 'dangling'));
    await expect(init(dir)).rejects.toThrow(/dangling: .*FILE_MISSING/);
  });

  it('no file under a name that another one has', async () => {
    const dir = fresh({ files: { 'model-00002-of-00002.safetensors': 'left over' } });
    await expect(init(dir)).rejects.toThrow(/model-00002-of-00002\.safetensors: .*NAME_TAKEN/);
  });
});
