import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Fingerprints, sha256File } from '@flexattn/stage';
import { describe, expect, it } from 'vitest';
import {
  checkpointFolders,
  CONFIG,
  decoderTensors,
  EXTRA,
  snapshot,
  tensor,
  visionTensors,
  withHighRes,
  writeCheckpoint,
} from '../checkpoint.fixture.js';
import type { Tensors } from '../checkpoint.fixture.js';
import { VISION_PREFIX } from '../expected-tensors.js';
import { toFloat32 } from '../float32.js';
import type { Tensor } from '../float32.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { initialiseHighResProjections } from './initialise.js';
import type { InitReport } from './initialise.js';
import { openCheckpoint } from './open-checkpoint.js';

const GOLDEN = new URL('../../golden/selects-nothing', import.meta.url).pathname;
const INDEX = 'model.safetensors.index.json';
const { root, path, fresh } = checkpointFolders();
const low = (name: string): string => name.replace('_proj_hd.', '_proj.');

/** High-resolution projections of which one is trained. */
function trainedTensors(choose?: (name: string) => boolean): Tensors {
  const name = 'model.layers.3.self_attn.v_proj_hd.weight';
  return withHighRes(decoderTensors(), choose).set(name, tensor('trained', [4, 8], 'F16'));
}

/** Changes the byte at `at`, counted from the end, and no time. */
function flip(file: string, at: number): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  const place = bytes.length + at;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  utimesSync(file, atime, mtime);
}

async function init(checkpoint: string, options = {}): Promise<{ out: string; report: InitReport }> {
  const out = path();
  const before = snapshot(checkpoint);
  const report = await initialiseHighResProjections({ checkpoint, out, ...options });
  // Whatever it does, the original stays as it was.
  expect(snapshot(checkpoint)).toEqual(before);
  return { out, report };
}

describe('initialiseHighResProjections', () => {
  it.each([
    ['a new folder', false],
    ['its own folder', true],
  ])('remembers the hashes of what it writes and of links to what is known: %s', async (_, inPlace) => {
    const checkpoint = fresh();
    const source = join(checkpoint, 'model.safetensors');
    const fingerprints = await Fingerprints.open(path());
    const sha256 = await fingerprints.of(source);
    const out = inPlace ? checkpoint : path();
    const { files } = await initialiseHighResProjections({
      ...{ checkpoint, fingerprints, inPlace },
      ...(!inPlace && { out }),
    });
    const written = files.filter(({ how }) => how === 'written').map((file) => join(out, file.path));
    expect(written).toHaveLength(2);
    for (const file of written) expect(fingerprints.known(file)).toBe(await sha256File(file));
    const shard = join(out, 'model-00001-of-00002.safetensors');
    if (!inPlace) expect(fingerprints.known(shard)).toBe(sha256);
  });

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
    expect(await after.read('model.layers.4.self_attn.v_proj_hd.weight')).toMatchObject(
      tensors.get('model.layers.4.self_attn.v_proj.weight') ?? {},
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
    expect(await (await openCheckpoint(out)).read(name)).toMatchObject(trained);
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

describe('initialiseHighResProjections run again', () => {
  it.each([
    ['one file', {}],
    ['shards', { shards: 3 }],
    ['a trained checkpoint', { tensors: trainedTensors() }],
  ])('into the folder that it wrote from %s finds all there', async (_, parts) => {
    const { out, report } = await init(fresh(parts), { extra: EXTRA });
    const checkpoint = fresh(parts);
    const before = snapshot(out);
    const again = await initialiseHighResProjections({ checkpoint, out, extra: EXTRA });
    expect(again).toMatchObject({ added: 0, bytes: 0, layers: 11 });
    expect(again.state).toBe(report.state === 'trained' ? 'trained' : 'already');
    expect(again.files.every(({ how }) => how === 'kept')).toBe(true);
    expect(snapshot(out)).toEqual(before);
  });

  it.each<[string, (out: string) => void]>([
    ['another size', (out) => appendFileSync(join(out, 'tokenizer.json'), ' ')],
    ['a file more', (out) => writeFileSync(join(out, 'more.txt'), '')],
    ['a file less', (out) => rmSync(join(out, 'tokenizer.json'))],
    ['another text', (out) => writeFileSync(join(out, 'tokenizer.json'), '[]')],
    ['a changed projection', (out) => flip(join(out, 'model-00002-of-00002.safetensors'), -100)],
    ['a changed weight', (out) => flip(join(out, 'model-00001-of-00002.safetensors'), -1)],
    ['a younger shard', (out) => utimesSync(join(out, 'model-00002-of-00002.safetensors'), 9e9, 9e9)],
  ])('refuses a folder with %s', async (_, change) => {
    const checkpoint = fresh();
    const { out } = await init(checkpoint);
    change(out);
    const before = snapshot(out);
    await expect(initialiseHighResProjections({ checkpoint, out })).rejects.toThrow(/OUT_EXISTS/);
    expect(snapshot(out)).toEqual(before);
  });

  it('removes what a killed run left', async () => {
    const checkpoint = fresh();
    const out = path();
    mkdirSync(`${out}.partial/clip`, { recursive: true });
    writeFileSync(`${out}.partial/clip/half`, 'x');
    const gone = { pid: 2 ** 22 + 1, host: hostname(), started: 1 };
    writeFileSync(`${out}.lock`, JSON.stringify(gone));
    await initialiseHighResProjections({ checkpoint, out });
    expect(existsSync(`${out}.partial`)).toBe(false);
    expect(existsSync(`${out}.lock`)).toBe(false);
    expect(existsSync(join(out, 'clip/half'))).toBe(false);
  });
});

describe('initialiseHighResProjections in place', () => {
  it.each([
    ['one file', {}, ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']],
    [
      'shards',
      { shards: 2 },
      [
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model-high-res-00001-of-00001.safetensors',
      ],
    ],
  ])('adds to %s, and nothing the second time', async (_, parts, shards) => {
    const checkpoint = fresh(parts);
    const { out } = await init(checkpoint, { extra: EXTRA });
    const run = () => initialiseHighResProjections({ checkpoint, inPlace: true, extra: EXTRA });
    expect(await run()).toMatchObject({ state: 'initialised', added: 22 });
    expect(readdirSync(checkpoint).filter((name) => name.endsWith('.safetensors'))).toEqual(shards);
    const [inPlace, apart] = [await openCheckpoint(checkpoint), await openCheckpoint(out)];
    expect(inPlace.config).toEqual(apart.config);
    for (const name of apart.tensors.keys()) expect(await inPlace.read(name)).toEqual(await apart.read(name));
    const before = snapshot(checkpoint);
    expect(await run()).toMatchObject({ state: 'already', added: 0 });
    expect(snapshot(checkpoint)).toEqual(before);
  });

  it('completes what is there with a shard of its own', async () => {
    const tensors = withHighRes(decoderTensors(), (name) => name.includes('.4.'));
    const checkpoint = fresh({ tensors, shards: 2 });
    const shard = 'model-high-res-00001-of-00001.safetensors';
    await initialiseHighResProjections({ checkpoint, inPlace: true });
    // As if training had stopped one layer short of the end.
    const kept = new Map([...tensors].filter(([name]) => !name.includes('.4.self_attn.k_proj_hd')));
    const half = fresh({ tensors: kept, shards: 2 });
    await initialiseHighResProjections({ checkpoint: half, inPlace: true });
    expect(existsSync(join(half, shard))).toBe(true);
    expect((await openCheckpoint(half)).tensors.size).toBe((await openCheckpoint(checkpoint)).tensors.size);
  });

  it('goes on where it was interrupted before its last step, and readers say how', async () => {
    const [checkpoint, whole] = [fresh(), fresh()];
    await initialiseHighResProjections({ checkpoint: whole, inPlace: true });
    await initialiseHighResProjections({ checkpoint, inPlace: true });
    renameSync(join(checkpoint, 'model-00001-of-00002.safetensors'), join(checkpoint, 'model.safetensors'));
    await expect(openCheckpoint(checkpoint)).rejects.toThrow(/interrupted: run it again.*AMBIGUOUS_WEIGHTS/);
    await initialiseHighResProjections({ checkpoint, inPlace: true });
    expect(snapshot(checkpoint)).toEqual(snapshot(whole));
  });

  it('never over a file of another origin', async () => {
    const checkpoint = fresh({ files: { 'model-00002-of-00002.safetensors': 'somebody' } });
    const before = snapshot(checkpoint);
    const run = initialiseHighResProjections({ checkpoint, inPlace: true });
    await expect(run).rejects.toThrow(/model-00002-of-00002\.safetensors: .*NAME_TAKEN/);
    expect(snapshot(checkpoint)).toEqual(before);
  });

  it('is not asked for together with a new folder, nor is neither', async () => {
    const checkpoint = fresh();
    await expect(initialiseHighResProjections({ checkpoint, inPlace: true, out: path() })).rejects.toThrow(
      /got both.*OUT_MISSING/,
    );
    await expect(initialiseHighResProjections({ checkpoint })).rejects.toThrow(/got neither.*OUT_MISSING/);
  });
});

describe('initialiseHighResProjections with force', () => {
  it('replaces trained projections, and keeps every other tensor', async () => {
    const checkpoint = fresh({ tensors: trainedTensors(), shards: 3 });
    const { out, report } = await init(checkpoint, { force: true });
    expect(report).toMatchObject({ state: 'initialised', added: 22 });
    const [before, after] = [await openCheckpoint(checkpoint), await openCheckpoint(out)];
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    for (const name of after.tensors.keys())
      expect(await after.read(name)).toEqual(await before.read(low(name)));
  });

  it('completes what is partly trained, leaves what is new, and asks for a new folder', async () => {
    const checkpoint = fresh({ tensors: trainedTensors((name) => !name.includes('.4.')) });
    expect((await init(checkpoint, { force: true })).report.state).toBe('initialised');
    const untrained = fresh({ tensors: withHighRes(decoderTensors()) });
    expect((await init(untrained, { force: true })).report.state).toBe('already');
    await expect(initialiseHighResProjections({ checkpoint, inPlace: true, force: true })).rejects.toThrow(
      /--out.*FORCE_IN_PLACE/,
    );
  });
});

describe('initialiseHighResProjections by another strategy', () => {
  it.each(['F32', 'F16', 'BF16'] as const)(
    'random: new values within the bound, by seed (%s)',
    async (dtype) => {
      const checkpoint = fresh({ tensors: decoderTensors({ dtype, bias: true }) });
      const run = (seed: number) => init(checkpoint, { strategy: 'random', seed });
      const [first, same, other] = [await run(1), await run(1), await run(2)];
      expect(snapshot(same.out)).toEqual(snapshot(first.out));
      const values = async (out: string, part: string) => {
        const opened = await openCheckpoint(out);
        return toFloat32(await opened.read(`model.layers.3.self_attn.k_proj_hd.${part}`));
      };
      const weight = await values(first.out, 'weight');
      expect(weight).not.toEqual(await values(other.out, 'weight'));
      expect(new Set(weight).size).toBeGreaterThan(20);
      expect(Math.max(...weight.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(8) + 1e-3);
      expect(Math.max(...weight.map(Math.abs))).toBeGreaterThan(0.2);
      expect(await values(first.out, 'bias')).toHaveLength(4);
      expect((await init(first.out)).report.state).toBe('already');
    },
  );

  it('zero', async () => {
    const { out } = await init(fresh(), { strategy: 'zero' });
    const { data } = await (await openCheckpoint(out)).read('model.layers.3.self_attn.v_proj_hd.weight');
    expect(data.every((byte) => byte === 0)).toBe(true);
    expect((await init(out)).report.state).toBe('already');
  });

  it('random refuses what is no float', async () => {
    const dtype = 'F8_E4M3';
    const checkpoint = fresh({ tensors: decoderTensors({ dtype }) });
    await expect(init(checkpoint, { strategy: 'random' })).rejects.toThrow(
      /k_proj.*F8_E4M3.*DTYPE_UNSUPPORTED/,
    );
    expect((await init(checkpoint)).report.state).toBe('initialised');
  });
});

describe('initialiseHighResProjections', () => {
  it('writes as many shards as the limit asks for', async () => {
    const { out } = await init(fresh({ shards: 2 }), { maxShardBytes: 640 });
    const names = readdirSync(out).filter((name) => name.endsWith('.safetensors'));
    // 22 tensors of 64 bytes, 10 in a shard.
    expect(names).toEqual([1, 2, 3, 4, 5].map((i) => `model-0000${i}-of-00005.safetensors`));
    const last = await openCheckpoint(out);
    expect(last.tensors.get('model.layers.10.self_attn.v_proj_hd.weight')?.file).toBe(names[4]);
  });

  it('keeps a name that a wrapper put in front', async () => {
    const tensors = new Map([...decoderTensors()].map(([name, value]) => [`module.${name}`, value]));
    const checkpoint = fresh({ tensors });
    await expect(init(checkpoint)).rejects.toThrow(/"module\.model\.".*BAD_PREFIX/);
    const { out } = await init(checkpoint, { from: 'module.model.' });
    const index = readFileSync(join(out, INDEX), 'utf8');
    expect(index).toContain('"module.model.layers.10.self_attn.k_proj_hd.weight"');
    expect((await init(out, { from: 'module.model.' })).report.state).toBe('already');
  });

  it('leaves PyTorch weights behind that lie beside the safetensors', async () => {
    const { out } = await init(fresh({ files: { 'pytorch_model.bin': 'old' } }));
    expect(existsSync(join(out, 'pytorch_model.bin'))).toBe(false);
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
    writeFileSync(join(out, 'config.json'), `${readFileSync(join(out, 'config.json'), 'utf8')} `);
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
    expect(readdirSync(root()).filter((name) => name.includes('partial'))).toEqual([]);
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
    await expect(init(dir)).rejects.toThrow(
      /dangling: .*got a link to nothing, where nothing is.*NOT_A_REGULAR_FILE/,
    );
  });

  it('no file under a name that another one has', async () => {
    const dir = fresh({ files: { 'model-00002-of-00002.safetensors': 'left over' } });
    await expect(init(dir)).rejects.toThrow(/model-00002-of-00002\.safetensors: .*NAME_TAKEN/);
  });
});

/** A file system of its own at `folder`; false where this user may not mount one. */
function mountedAt(folder: string, options = 'size=4m'): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
}

describe('initialiseHighResProjections meets', () => {
  it('a checkpoint on another file system, and says that it is copied', async (context) => {
    const disk = path();
    if (!mountedAt(disk)) return context.skip('mounting needs root');
    try {
      const checkpoint = writeCheckpoint(join(disk, 'checkpoint'), { shards: 2 });
      const said: string[] = [];
      const { out, report } = await init(checkpoint, { warn: (line: string) => said.push(line) });
      expect(report.state).toBe('initialised');
      expect(said).toEqual([
        expect.stringMatching(/is on another file system than .*: \d+ bytes are copied, not linked/),
      ]);
      const apart = await init(fresh({ shards: 2 }), { warn: (line: string) => said.push(line) });
      expect(snapshot(apart.out)).toEqual(snapshot(out));
      expect(said).toHaveLength(1);
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it('a folder that it may not write to', async (context) => {
    const disk = path();
    if (!mountedAt(disk)) return context.skip('mounting needs root');
    try {
      const checkpoint = writeCheckpoint(join(disk, 'checkpoint'));
      spawnSync('mount', ['-o', 'remount,ro', disk]);
      const inPlace = initialiseHighResProjections({ checkpoint, inPlace: true });
      await expect(inPlace).rejects.toThrow(/checkpoint: .*got a read-only one; .*--out.*READ_ONLY/);
      await expect(inPlace).rejects.toHaveProperty('exitCode', 74);
      await expect(
        initialiseHighResProjections({ checkpoint: fresh(), out: join(disk, 'out') }),
      ).rejects.toThrow(/the file system is read-only; choose another folder/);
      expect((await init(checkpoint)).report.state).toBe('initialised');
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it('a disk that is full, and leaves nothing there', async (context) => {
    const disk = path();
    if (!mountedAt(disk, 'size=16k')) return context.skip('mounting needs root');
    try {
      const full = initialiseHighResProjections({ checkpoint: fresh(), out: join(disk, 'out') });
      await expect(full).rejects.toMatchObject({ code: 'DISK_FULL', exitCode: 74 });
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it("a snapshot of the hub's cache, whose links lead to its blobs", async () => {
    const cache = join(path(), 'models--owner--name');
    const snapshotDir = writeCheckpoint(join(cache, 'snapshots', 'a'.repeat(40)));
    mkdirSync(join(cache, 'blobs'));
    renameSync(join(snapshotDir, 'model.safetensors'), join(cache, 'blobs', 'b'));
    symlinkSync('../../blobs/b', join(snapshotDir, 'model.safetensors'));
    const { out, report } = await init(snapshotDir);
    expect(report.state).toBe('initialised');
    expect(statSync(join(out, 'model-00001-of-00002.safetensors')).isFile()).toBe(true);
  });
});
