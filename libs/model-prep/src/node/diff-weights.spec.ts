import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointFolders, decoderTensors, tensor, type Tensors } from '../checkpoint.fixture.js';
import { bfloat16Bits } from '../round-half.js';
import { diffWeights } from './diff-weights.js';

const { fresh } = checkpointFolders();
const NORM = 'model.norm.weight';

/** The default tensors with another `model.norm.weight`. */
const withNorm = (values: number[]): Tensors =>
  decoderTensors().set(NORM, {
    dtype: 'F32',
    shape: [8],
    data: new Uint8Array(Float32Array.from(values).buffer),
  });
const ONES = [1, 1, 1, 1, 1, 1, 1, 1];

describe('diffWeights', () => {
  it('finds no difference between the same tensors, however they are cut', async () => {
    const difference = await diffWeights(fresh(), fresh({ shards: 3 }));
    expect(difference).toEqual({ equal: 106, onlyInA: [], onlyInB: [], different: [] });
  });

  it('tells which tensors differ, and by how much', async () => {
    const [a, b] = [
      fresh({ tensors: withNorm(ONES) }),
      fresh({ tensors: withNorm([1.5, ...ONES.slice(1)]) }),
    ];
    const { different, equal } = await diffWeights(a, b);
    expect(equal).toBe(105);
    expect(different).toEqual([
      {
        name: NORM,
        a: { dtype: 'F32', shape: [8] },
        b: { dtype: 'F32', shape: [8] },
        values: {
          differing: 1,
          elements: 8,
          maxAbsolute: 0.5,
          relative: expect.closeTo(0.5 / Math.sqrt(8), 12) as number,
        },
      },
    ]);
  });

  it('compares values of other dtypes, and says that the dtypes differ', async () => {
    const data = new Uint8Array(Uint16Array.from(ONES, bfloat16Bits).buffer);
    const halved = decoderTensors().set(NORM, { dtype: 'BF16', shape: [8], data });
    const { different } = await diffWeights(fresh({ tensors: withNorm(ONES) }), fresh({ tensors: halved }));
    expect(different).toMatchObject([{ name: NORM, b: { dtype: 'BF16' }, values: { differing: 0 } }]);
  });

  it('finds one byte beyond the first pieces', async () => {
    const length = 5 * 1024 * 1024;
    const large = (last: number) => {
      const data = new Uint8Array(length * 2);
      data[data.length - 1] = last;
      return decoderTensors().set(NORM, { dtype: 'F16', shape: [length], data });
    };
    const [a, b] = [fresh({ tensors: large(0) }), fresh({ tensors: large(0x40) })];
    expect((await diffWeights(a, b)).different).toMatchObject([
      { values: { differing: 1, elements: length, maxAbsolute: 2 } },
    ]);
  });

  it('lists tensors of one side, other shapes and values that are not told', async () => {
    const left = decoderTensors()
      .set('a', tensor('a', [4], 'F8_E4M3'))
      .set('b', tensor('b', [4], 'F16'));
    const right = decoderTensors()
      .set('a', tensor('c', [4], 'F8_E4M3'))
      .set('b', tensor('b', [2, 2], 'F16'));
    left.set('only', tensor('only', [1], 'F16'));
    right.delete(NORM);
    const difference = await diffWeights(fresh({ tensors: left }), fresh({ tensors: right }));
    expect(difference).toMatchObject({ onlyInA: [NORM, 'only'], onlyInB: [] });
    expect(difference.different.map(({ name, values }) => [name, values])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });

  it('asks for weights, and for nothing else', async () => {
    const [a, b] = [fresh(), fresh()];
    rmSync(join(a, 'config.json'));
    expect((await diffWeights(a, b)).different).toEqual([]);
    rmSync(join(a, 'model.safetensors'));
    await expect(diffWeights(a, b)).rejects.toThrow(/NO_WEIGHTS/);
    await expect(diffWeights(b, join(b, 'model.safetensors'))).rejects.toThrow(/NOT_A_CHECKPOINT/);
  });
});
