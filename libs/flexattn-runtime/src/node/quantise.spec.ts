import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, toFloat32 } from '@flexattn/model-prep';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quantiseRows } from '../quantise/blocks.js';
import { layOutQuantised } from '../quantise/layout.js';
import { compileModel } from './compile.js';
import { openLocalModel } from './local-model.js';
import { openModelFolder } from './model-folder.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
/** F16 in two shards, a BF16 tower in a folder of its own, biases. */
const SHARDED = join(GOLDEN, 'half-precision');

let out = '';
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'flexattn-quantise-'));
});
afterEach(() => rm(out, { recursive: true }));

describe.each(['int8', 'int4'] as const)('compileModel with %s', (precision) => {
  it.each([32, 128] as const)(
    'writes the quantised weights where the layout has them, blocks of %i',
    async (blockSize) => {
      const { quantised } = await compileModel({ checkpoint: SHARDED, out, precision, blockSize });
      const checkpoint = await openCheckpoint(SHARDED);
      const layout = layOutQuantised(checkpoint.tensors, { precision, blockSize });
      const file = await readFile(join(out, layout.file));
      const at = ({ offset, length }: { offset: number; length: number }) =>
        file.subarray(offset, offset + length);
      for (const { name, columns, format, values, scales, zeroPoints } of layout.weights) {
        const expected = quantiseRows(toFloat32(await checkpoint.read(name)), columns, format);
        expect(at(values).equals(expected.values)).toBe(true);
        expect(at(scales).equals(new Uint8Array(expected.scales.buffer))).toBe(true);
        if (zeroPoints !== undefined) expect(at(zeroPoints).equals(expected.zeroPoints)).toBe(true);
        expect(values.offset % 64).toBe(0);
        expect(quantised.find((tensor) => tensor.name === name)?.error).toBeCloseTo(
          Math.sqrt(expected.errorSquares / expected.squares),
          10,
        );
      }
      expect(quantised).toHaveLength(layout.weights.length);
      for (const { name, byteOffset, byteLength } of layout.kept) {
        const { data } = await checkpoint.read(name);
        expect(file.subarray(byteOffset, byteOffset + byteLength).equals(data)).toBe(true);
        expect(byteOffset % 64).toBe(0);
      }
      expect(layout.weights.length + layout.kept.length).toBe(checkpoint.tensors.size);
      expect(file.length).toBe(layout.bytes);
    },
  );

  it('needs the checkpoint no more, and counts what is loaded', async () => {
    const checkpoint = join(out, 'checkpoint');
    await cp(SHARDED, checkpoint, { recursive: true });
    const compiled = join(out, 'compiled');
    await compileModel({ checkpoint, out: compiled, precision });
    await rm(checkpoint, { recursive: true });
    const files = await readdir(compiled, { recursive: true });
    expect(files.filter((name) => name.includes('safetensors'))).toEqual([]);
    const { geometry, weightBytes } = await openModelFolder(compiled);
    const whole = await openModelFolder(SHARDED);
    expect(geometry).toEqual(whole.geometry);
    for (const [graph, { loaded }] of Object.entries(whole.weightBytes)) {
      if (graph !== 'embed') expect(weightBytes[graph]?.loaded).toBeLessThan(loaded);
    }
    const model = await openLocalModel(compiled, { threads: 1 });
    const image = join(SHARDED, 'image0.png');
    const { tokens } = await model.generate({ image, prompt: [1, -200, 9], maxNewTokens: 2 });
    expect(tokens).toHaveLength(2);
    await model.close();
  });

  it('lists it in the manifest and tells the error of every matrix beside it', async () => {
    const { quantised } = await compileModel({ checkpoint: SHARDED, out, precision });
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')) as {
      precision: string;
      files: Record<string, { size: number }>;
    };
    expect(manifest.precision).toBe(precision);
    expect(manifest.files[`weights/${precision}.bin`]?.size).toBe(
      (await stat(join(out, `weights/${precision}.bin`))).size,
    );
    expect(JSON.parse(await readFile(join(out, 'quantisation.json'), 'utf8'))).toEqual(quantised);
    const four = quantised.filter(({ bits }) => bits === 4).map(({ name }) => name);
    expect(four.every((name) => name.startsWith('model.layers.'))).toBe(true);
    expect(four.length > 0).toBe(precision === 'int4');
  });
});

describe('a language head that is the embedding table', () => {
  it('is a matrix of its own in fewer bits, and answers as the table does', async () => {
    const checkpoint = join(out, 'checkpoint');
    await cp(SHARDED, checkpoint, { recursive: true });
    const file = join(checkpoint, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, tie_word_embeddings: true }));
    const compiled = join(out, 'compiled');
    const { quantised } = await compileModel({ checkpoint, out: compiled, precision: 'int8' });
    const [own, table] = await Promise.all([openModelFolder(compiled), openModelFolder(checkpoint)]);
    const { vocabSize, hiddenSize } = own.geometry;
    const opened = await openCheckpoint(checkpoint);
    const shape = opened.tensors.get('model.embed_tokens.weight')?.shape;
    expect(shape).toEqual([vocabSize, hiddenSize]);
    expect(quantised.filter(({ name }) => name === 'lm_head.weight')).toHaveLength(1);
    expect(own.weightBytes['decoder']?.loaded).toBeLessThan(table.weightBytes['decoder']?.loaded ?? 0);
    // The table's error, not that of the checkpoint's other head.
    const rows = quantiseRows(toFloat32(await opened.read('model.embed_tokens.weight')), hiddenSize, {
      bits: 8,
      blockSize: 32,
      symmetric: true,
    });
    const error = quantised.find(({ name }) => name === 'lm_head.weight')?.error;
    expect(error).toBeCloseTo(Math.sqrt(rows.errorSquares / rows.squares), 10);
    const [first, expected] = await Promise.all([compiled, checkpoint].map((dir) => firstLogits(dir)));
    const distance = Math.hypot(...Array.from(expected ?? [], (value, at) => value - (first?.[at] ?? NaN)));
    expect(distance / Math.hypot(...(expected ?? []))).toBeLessThan(0.1);
  });
});

/** Logits of the first token of an answer. */
async function firstLogits(dir: string): Promise<Float32Array> {
  const model = await openLocalModel(dir, { threads: 1 });
  const image = join(SHARDED, 'image0.png');
  for await (const { logits } of model.steps({ image, prompt: [1, -200, 9], maxNewTokens: 1 })) {
    await model.close();
    return logits;
  }
  throw new Error('no step');
}

describe('weights that cannot be quantised', () => {
  const damaged = async () => {
    const checkpoint = join(out, 'checkpoint');
    await cp(SHARDED, checkpoint, { recursive: true });
    return checkpoint;
  };

  it('are refused where one is not finite', async () => {
    const checkpoint = await damaged();
    const { tensors } = await openCheckpoint(checkpoint);
    const { file, byteOffset } = tensors.get('lm_head.weight') ?? { file: '', byteOffset: 0 };
    const bytes = await readFile(join(checkpoint, file));
    // Infinity as F16.
    bytes.writeUInt16LE(0x7c00, byteOffset);
    await writeFile(join(checkpoint, file), bytes);
    const compiled = compileModel({ checkpoint, out: join(out, 'compiled'), precision: 'int8' });
    await expect(compiled).rejects.toThrow(/lm_head.weight.*expected finite weights.*WEIGHTS_NOT_FINITE/);
    await expect(stat(join(out, 'compiled/manifest.json'))).rejects.toThrow('ENOENT');
  });

  it('are refused where the file ends early', async () => {
    const checkpoint = await damaged();
    const shard = join(checkpoint, 'model-00001-of-00002.safetensors');
    await truncate(shard, (await stat(shard)).size - 100);
    await expect(compileModel({ checkpoint, out: join(out, 'compiled'), precision: 'int8' })).rejects.toThrow(
      shard,
    );
  });
});
