import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileModel } from './compile.js';
import { openLocalModel } from './local-model.js';
import { openModelFolder } from './model-folder.js';

const CASE = join(import.meta.dirname, '../../golden/grouped-heads');

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexattn-folder-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('a compiled folder', () => {
  it('carries its selection with all figures, and answers with it', async () => {
    const out = join(root, 'compiled');
    const wanted = {
      selection: 'random',
      share: 0.25,
      seed: 7,
      threshold: 60,
      firstSelectingLayer: 2,
    } as const;
    const { settings } = await compileModel({ checkpoint: CASE, out, ...wanted });
    expect(settings).toEqual(wanted);
    const model = await openLocalModel(out, { threads: 1 });
    const image = join(CASE, 'image0.png');
    const { regions } = await model.generate({ image, prompt: [1, -200, 9], maxNewTokens: 2 });
    await model.close();
    expect(regions.steps.map((step) => step.map(({ layer, rows }) => [layer, rows.length]))).toEqual([
      [
        [2, 20],
        [3, 20],
      ],
      [
        [2, 20],
        [3, 20],
      ],
    ]);
  });

  it('refuses to run with other figures than it was compiled for', async () => {
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: CASE, out, threshold: 60 });
    await expect(openModelFolder(out, { threshold: 60, precision: 'float' })).resolves.toBeDefined();
    await expect(openModelFolder(out, { threshold: 48 })).rejects.toThrow('threshold 48, got 60');
    await expect(openModelFolder(out, { precision: 'int8' })).rejects.toThrow(
      'precision "int8", got "float"',
    );
    await expect(openModelFolder(CASE, { precision: 'int8' })).rejects.toThrow('got a checkpoint');
  });

  it('of another version is to be compiled again', async () => {
    const out = join(root, 'compiled');
    await compileModel({ checkpoint: CASE, out });
    const file = join(out, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...manifest, version: 2 }));
    await expect(openModelFolder(out, {})).rejects.toThrow(
      /got 2; compile the model again \(MODEL_DAMAGED\)/,
    );
  });

  it('refuses a number of threads that is none', async () => {
    await expect(openLocalModel(CASE, { threads: 0 })).rejects.toThrow(/at least 1 thread, got 0/);
  });

  it('is hashed once where a file remembers it, and again when it changes', async () => {
    const [out, checkpoint, fingerprints] = [
      join(root, 'compiled'),
      join(root, 'checkpoint'),
      join(root, 'memo.tsv'),
    ];
    await cp(CASE, checkpoint, { recursive: true });
    await compileModel({ checkpoint, out });
    await openModelFolder(out, { fingerprints });
    const { mtimeMs } = await stat(fingerprints);
    await openModelFolder(out, { fingerprints });
    expect((await stat(fingerprints)).mtimeMs).toBe(mtimeMs);
    const bytes = await readFile(join(out, 'model.safetensors'));
    bytes.writeUInt8((bytes[5000] ?? 0) ^ 1, 5000);
    await writeFile(join(out, 'model.safetensors'), bytes);
    await expect(openModelFolder(out, { fingerprints })).rejects.toThrow('MODEL_DAMAGED');
  });

  it('refuses a share beyond the whole', async () => {
    await expect(openModelFolder(CASE, { selection: 'centre', share: 1.5 })).rejects.toThrow(
      'from 0 to 1, got 1.5',
    );
  });

  it('tells how to get a device that is not there', async () => {
    await expect(openLocalModel(CASE, { device: 'cuda' })).rejects.toThrow(/NVIDIA driver.*DEVICE_ABSENT/);
  });
});
