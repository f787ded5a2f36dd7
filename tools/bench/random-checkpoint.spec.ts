import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModel } from '@flexattn/flexattn-runtime';
import { Fingerprints } from '@flexattn/stage';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SEVEN_BILLION, THIRTEEN_BILLION, writeRandomCheckpoint } from './random-checkpoint.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexattn-shapes-'));
});
afterEach(() => rm(root, { recursive: true }));

it.each([
  ['7B', SEVEN_BILLION, 32, 4096, 15e9],
  ['13B', THIRTEEN_BILLION, 40, 5120, 28e9],
])(
  'a %s-shaped checkpoint compiles, and not a byte of weights is written',
  async (_, sizes, layers, width, least) => {
    const [checkpoint, out] = [join(root, 'checkpoint'), join(root, 'compiled')];
    const fingerprints = join(root, 'fingerprints.tsv');
    await mkdir(checkpoint);
    await writeRandomCheckpoint(checkpoint, sizes, { seed: 1, spread: 0, dtype: 'F16' });
    const weights = join(checkpoint, 'model.safetensors');
    // Known before, as after a first run: 16 GB are not hashed here.
    const known = await Fingerprints.open(fingerprints);
    known.remember(weights, 'f'.repeat(64));
    await known.save();
    const { weightBytes, graphs } = await compileModel({ checkpoint, out, fingerprints });
    expect(weightBytes).toBeGreaterThan(least);
    expect((await stat(join(out, 'model.safetensors'))).ino).toBe((await stat(weights)).ino);
    const { geometry } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
      geometry: { layers: number; hiddenSize: number };
    };
    expect(geometry).toMatchObject({ layers, hiddenSize: width, headDim: 128 });
    let written = 0;
    for (const name of await readdir(out, { recursive: true })) {
      const { size, nlink } = await stat(join(out, name));
      if (nlink === 1) written += size;
    }
    expect(written).toBeGreaterThan(graphs['decoder'] ?? NaN);
    expect(written).toBeLessThan(5e6);
  },
);
