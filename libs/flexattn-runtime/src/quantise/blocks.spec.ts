import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../onnx/graph.js';
import { blocksPerRow, dequantiseRows, quantiseRows, rowBytes } from './blocks.js';
import type { QuantiseFormat } from './blocks.js';

/** Normally distributed numbers of a seed (mulberry32, Box-Muller). */
function normals(seed: number, count: number): Float32Array {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}

/** Norm of the difference over the norm of what is expected. */
function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [error, total] = [0, 0];
  for (let at = 0; at < expected.length; at++) {
    error += ((got[at] ?? NaN) - (expected[at] ?? 0)) ** 2;
    total += (expected[at] ?? 0) ** 2;
  }
  return Math.sqrt(error / total);
}

const FORMATS: QuantiseFormat[] = [4, 8].flatMap((bits) =>
  [32, 128].flatMap((blockSize) =>
    [true, false].map((symmetric) => ({ bits, blockSize, symmetric }) as QuantiseFormat),
  ),
);

describe('quantiseRows', () => {
  it.each([
    ['symmetric: the farthest weight is kept exactly', true, [-1, 0.5, 0.25, 0], [15, 0], [-1, 0.5, 0.25, 0]],
    ['symmetric: of either sign', true, [1, -0.5, 0, 0], [15, 0], [1, -0.5, 0, 0]],
    ['with a zero point: zero is kept exactly', false, [3, 0, -1.5, 1.5], [0, 5], [3, 0, -1.5, 1.5]],
    ['a block of zeros', true, [0, 0, 0, 0], [], [0, 0, 0, 0]],
    ['a block of zeros, with a zero point', false, [0, 0, 0, 0], [], [0, 0, 0, 0]],
  ])('%s', (_, symmetric, weights, __, expected) => {
    const format: QuantiseFormat = { bits: 4, blockSize: 32, symmetric };
    const rows = quantiseRows(Float32Array.from(weights), 4, format);
    expect([...dequantiseRows(rows, 4, format)].map((value) => Number(value.toFixed(6)) + 0)).toEqual(
      expected,
    );
  });

  it('packs the first of two 4-bit numbers into the lower half of a byte', () => {
    const { values, scales } = quantiseRows(Float32Array.of(-8, 1, 2, -3), 4, {
      bits: 4,
      blockSize: 32,
      symmetric: true,
    });
    expect(scales).toEqual(Float32Array.of(1));
    expect([...values.subarray(0, 3)]).toEqual([0x90, 0x5a, 0x88]);
  });

  it.each([
    [4, 32, 0.09],
    [4, 128, 0.12],
    [8, 32, 0.006],
    [8, 128, 0.008],
  ] as const)(
    '%i bits, blocks of %i: error below %d on normal weights, and told as it is',
    (bits, blockSize, limit) => {
      const weights = normals(7, 64 * 300);
      for (const symmetric of [true, false]) {
        const format = { bits, blockSize, symmetric };
        const rows = quantiseRows(weights, 300, format);
        const error = relativeError(dequantiseRows(rows, 300, format), weights);
        expect(error).toBeLessThan(limit);
        expect(error).toBeGreaterThan(limit / 3);
        expect(Math.sqrt(rows.errorSquares / rows.squares)).toBeCloseTo(error, 6);
      }
    },
  );

  it('gives the same bytes for rows that come in parts', () => {
    const weights = normals(3, 6 * 70);
    for (const format of FORMATS) {
      const whole = quantiseRows(weights, 70, format);
      const parts = [weights.subarray(0, 140), weights.subarray(140)].map((part) =>
        quantiseRows(part, 70, format),
      );
      expect(Buffer.concat(parts.map(({ values }) => values)).equals(whole.values)).toBe(true);
      expect(Buffer.concat(parts.map(({ zeroPoints }) => zeroPoints)).equals(whole.zeroPoints)).toBe(true);
    }
  });
});

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flexattn-quantise-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** x [rows, columns] times the quantised weights, by ONNX Runtime, which reads them from a file as it does a model's. */
async function product(
  x: Float32Array,
  { values, scales, zeroPoints }: ReturnType<typeof quantiseRows>,
  columns: number,
  format: QuantiseFormat,
  accuracyLevel: number,
): Promise<Float32Array> {
  const blocks = blocksPerRow(columns, format);
  const outputs = scales.length / blocks;
  const perRow = rowBytes(columns, format);
  const graph = new GraphBuilder('product');
  const parts: Uint8Array[] = [];
  const stored = (name: string, type: 'UINT8' | 'FLOAT', shape: number[], data: Uint8Array) => {
    const offset = parts.reduce((sum, part) => sum + part.length, 0);
    parts.push(data, new Uint8Array((64 - (data.length % 64)) % 64));
    return graph.external(name, type, shape, { location: 'weights.bin', offset, length: data.length });
  };
  const inputs = [
    graph.input('x', 'FLOAT', ['rows', columns]),
    stored('values', 'UINT8', [outputs, blocks, perRow.values / blocks], values),
    stored('scales', 'FLOAT', [outputs, blocks], new Uint8Array(scales.buffer)),
    ...(format.symmetric ? [] : [stored('zeroPoints', 'UINT8', [outputs, perRow.zeroPoints], zeroPoints)]),
  ];
  const y = graph.fused('MatMulNBits', inputs, {
    K: columns,
    N: outputs,
    bits: format.bits,
    block_size: format.blockSize,
    accuracy_level: accuracyLevel,
  });
  graph.output('y', y, 'FLOAT', ['rows', outputs]);
  await writeFile(join(dir, 'weights.bin'), Buffer.concat(parts));
  const session = await InferenceSession.create(graph.toBytes(), {
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: dir } },
  });
  const results = await session.run({ x: new Tensor('float32', x, [x.length / columns, columns]) });
  await session.release();
  return Float32Array.from(results['y']?.data as Float32Array);
}

describe.each(FORMATS)('MatMulNBits with %o', (format) => {
  it.each([
    // Activations in float32: nothing but the order of the sum differs.
    ['accuracy level 1', 1, 1e-5],
    // Activations are rounded to 8 bits a block, which changes a product by 0.5 to 0.6 %.
    ['accuracy level 4', 4, 0.008],
  ])('multiplies with what we dequantise: %s', async (_, accuracyLevel, tolerance) => {
    for (const columns of [128, 200]) {
      const weights = normals(11, 48 * columns);
      const x = normals(13, 5 * columns);
      const quantised = quantiseRows(weights, columns, format);
      const dequantised = dequantiseRows(quantised, columns, format);
      const expected = Float32Array.from({ length: 5 * 48 }, (_, at) => {
        const [row, output] = [Math.floor(at / 48), at % 48];
        let sum = 0;
        for (let column = 0; column < columns; column++) {
          sum += (x[row * columns + column] ?? 0) * (dequantised[output * columns + column] ?? 0);
        }
        return sum;
      });
      const got = await product(x, quantised, columns, format, accuracyLevel);
      expect(relativeError(got, expected)).toBeLessThan(tolerance);
    }
  });
});
