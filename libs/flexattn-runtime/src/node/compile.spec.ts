import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fingerprints } from '@flexattn/stage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileModel } from './compile.js';
import { openLocalModel } from './local-model.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const WHOLE = join(GOLDEN, 'grouped-heads');
/** Sharded, with the vision tower in a folder of its own. */
const SHARDED = join(GOLDEN, 'half-precision');
const PROMPT = [1, 17, 18, -200, 45, 46];

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexattn-compile-'));
});
afterEach(() => rm(root, { recursive: true }));

const filesOf = async (dir: string) =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();

const answer = async (dir: string) => {
  const model = await openLocalModel(dir, { threads: 2 });
  const image = join(WHOLE, 'image0.png');
  const generated = await model.generate({ image, prompt: PROMPT, maxNewTokens: 4 });
  const scored = await model.scoreOptions({ image, prompt: PROMPT, options: [[5, 6], [7]] });
  await model.close();
  return { generated, scored };
};

describe('compileModel', () => {
  it.each([
    ['one file', WHOLE],
    ['shards and a tower of its own', SHARDED],
  ])('makes a folder that answers as the checkpoint does: %s', async (_, checkpoint) => {
    const out = join(root, 'compiled');
    await compileModel({ checkpoint, out, selection: 'attention' });
    expect(await answer(out)).toEqual(await answer(checkpoint));
  });

  it('writes graphs of some 100 kB and links the weights', async () => {
    const out = join(root, 'compiled');
    const checkpoint = join(root, 'checkpoint');
    await cp(SHARDED, checkpoint, { recursive: true });
    const report = await compileModel({ checkpoint, out });
    expect(report.selection).toBe('attention');
    expect(await filesOf(out)).toEqual([
      'clip/config.json',
      'clip/model.safetensors',
      'config.json',
      'graphs/decoder.onnx',
      'graphs/embed.onnx',
      'graphs/high.onnx',
      'graphs/loop.onnx',
      'graphs/plainVision.onnx',
      'graphs/step.onnx',
      'graphs/vision.onnx',
      'manifest.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    expect(report.files).toBe(13);
    const written = Object.values(report.graphs).reduce((sum, bytes) => sum + bytes);
    expect(written).toBeLessThan(300_000);
    for (const file of ['clip/model.safetensors', 'model-00001-of-00002.safetensors']) {
      expect(await readFile(join(out, file))).toEqual(await readFile(join(checkpoint, file)));
    }
  });

  it('reads no weights that were hashed before, and remembers them under their new names', async () => {
    const [fingerprints, checkpoint] = [join(root, 'fingerprints.tsv'), join(root, 'checkpoint')];
    await cp(WHOLE, checkpoint, { recursive: true });
    const [from, out] = [join(checkpoint, 'model.safetensors'), join(root, 'compiled')];
    await compileModel({ checkpoint, out, fingerprints });
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
      files: Record<string, { sha256: string }>;
    };
    const sha256 = manifest.files['model.safetensors']?.sha256 ?? '';
    const known = await Fingerprints.open(fingerprints);
    // Bytes that nobody may have read: what is remembered of them is another hash.
    const other = 'f'.repeat(64);
    expect([await known.of(from), await known.of(join(out, 'model.safetensors'))]).toEqual([sha256, sha256]);
    known.remember(from, other);
    await known.save();
    await compileModel({ checkpoint, out: join(root, 'again'), fingerprints });
    expect(await readFile(join(root, 'again/manifest.json'), 'utf8')).toContain(other);
    await compileModel({ checkpoint, out: join(root, 'anew') });
    expect(await readFile(join(root, 'anew/manifest.json'), 'utf8')).toContain(sha256);
  });

  it('gives the same bytes again, also without high-res weights in use', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')];
    await compileModel({ checkpoint: WHOLE, out: a, selection: 'none' });
    await compileModel({ checkpoint: WHOLE, out: b, selection: 'none' });
    expect(await readFile(join(a, 'manifest.json'))).toEqual(await readFile(join(b, 'manifest.json')));
    expect(await filesOf(join(a, 'graphs'))).toEqual([
      'decoder.onnx',
      'embed.onnx',
      'high.onnx',
      'loop.onnx',
      'plainVision.onnx',
      'step.onnx',
      'vision.onnx',
    ]);
  });

  it('resolves symbolic links, which a checkpoint folder may not run from', async () => {
    const hub = join(root, 'hub');
    await mkdir(join(hub, 'clip'), { recursive: true });
    for (const file of await filesOf(SHARDED)) await symlink(join(SHARDED, file), join(hub, file));
    await expect(openLocalModel(hub)).rejects.toThrow(/UNSUPPORTED_CONFIG/);
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: hub, out });
    expect(await answer(out)).toEqual(await answer(SHARDED));
  });

  it('takes in a vision tower that lies elsewhere', async () => {
    const checkpoint = join(root, 'checkpoint');
    await cp(SHARDED, checkpoint, { recursive: true });
    await cp(join(SHARDED, 'clip'), join(root, 'tower'), { recursive: true });
    await rm(join(checkpoint, 'clip'), { recursive: true });
    const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8')) as object;
    const moved = { ...config, mm_vision_tower: join(root, 'tower') };
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(moved));
    const out = join(root, 'compiled');
    await compileModel({ checkpoint, out });
    await rm(join(root, 'tower'), { recursive: true });
    expect(await answer(out)).toEqual(await answer(SHARDED));
  });

  it('writes nothing in a dry run', async () => {
    const out = join(root, 'compiled');
    const dry = await compileModel({ checkpoint: WHOLE, out, dryRun: true });
    await expect(stat(out)).rejects.toThrow('ENOENT');
    expect(dry).toEqual(await compileModel({ checkpoint: WHOLE, out }));
  });

  it('never writes into the checkpoint', async () => {
    await expect(compileModel({ checkpoint: WHOLE, out: `${WHOLE}/` })).rejects.toThrow('OUT_IS_CHECKPOINT');
  });

  it('leaves no manifest when it is stopped', async () => {
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: WHOLE, out });
    const signal = AbortSignal.abort();
    await expect(compileModel({ checkpoint: WHOLE, out, signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await filesOf(out)).not.toContain('manifest.json');
  });
});

describe('a compiled folder', () => {
  const damage: [string, string, (file: string) => Promise<void>, RegExp][] = [
    [
      'a flipped bit in a graph',
      'graphs/decoder.onnx',
      flip,
      /decoder.onnx: expected sha256 .*MODEL_DAMAGED/,
    ],
    [
      'a flipped bit in the weights',
      'model.safetensors',
      flip,
      /model.safetensors: expected sha256 .*MODEL_DAMAGED/,
    ],
    [
      'a short file',
      'clip/config.json',
      (file) => writeFile(file, '{}'),
      /config.json: expected \d+ bytes, got 2/,
    ],
    [
      'a missing graph',
      'graphs/embed.onnx',
      (file) => rm(file),
      /embed.onnx: .*missing; compile the model again \(MODEL_DAMAGED\)/,
    ],
    ['missing weights', 'model.safetensors', (file) => rm(file), /model.safetensors: .*MODEL_DAMAGED/],
    [
      'another manifest',
      'manifest.json',
      (file) => writeFile(file, '{"format":"x"}'),
      /manifest.json.*BAD_CONTENT/,
    ],
  ];

  it.each(damage)('with %s does not load', async (_, name, break_, message) => {
    // A copy: the compiled folder shares its weights' bytes with the checkpoint.
    const checkpoint = join(root, 'checkpoint');
    await cp(WHOLE, checkpoint, { recursive: true });
    const out = join(root, 'compiled');
    await compileModel({ checkpoint, out });
    await break_(join(out, name));
    await expect(openLocalModel(out)).rejects.toThrow(message);
  });

  it('runs with the selection that it was compiled for, and no other', async () => {
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: WHOLE, out, selection: 'none' });
    const model = await openLocalModel(out, { selection: 'none', threads: 1 });
    expect(model.geometry.selection).toBe('none');
    await model.close();
    await expect(openLocalModel(out, { selection: 'attention' })).rejects.toThrow('got "none"');
  });
});

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.length - 100;
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  await writeFile(file, bytes);
}
