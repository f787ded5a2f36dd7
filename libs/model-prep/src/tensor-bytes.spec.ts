import { describe, expect, it } from 'vitest';
import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import type { StridedView } from './strided-view.js';
import { tensorBytes } from './tensor-bytes.js';

const MIB = 1 << 20;
const OFFSET = 24;

/** Element by element, by the definition: the oracle of the windows. */
function expected(file: Uint8Array, dtype: Dtype, shape: number[], view: StridedView): Uint8Array {
  const width = DTYPE_BYTES[dtype];
  const unit = dtype === 'C64' ? 4 : width;
  const count = shape.reduce((product, n) => product * n, 1);
  const result = new Uint8Array(count * width);
  for (let element = 0; element < count; element++) {
    let rest = element;
    let from = OFFSET;
    for (let i = shape.length - 1; i >= 0; i--) {
      const n = shape[i] ?? 1;
      from += (rest % n) * (view.stride[i] ?? 0) * width;
      rest = Math.floor(rest / n);
    }
    for (let byte = 0; byte < width; byte++) {
      const place = view.byteOrder === 'little' ? byte : byte - (byte % unit) + unit - 1 - (byte % unit);
      result[element * width + byte] = file[from + place] ?? 0;
    }
  }
  return result;
}

const file = Uint8Array.from({ length: 40 * MIB }, (_, i) => (i * 31) ^ (i >> 7) ^ (i >> 15));

describe('tensorBytes', () => {
  it.each<[what: string, Dtype, shape: number[], stride: number[]]>([
    ['a transposed matrix', 'F32', [3, 5], [1, 3]],
    ['every second column', 'F16', [4, 3], [6, 2]],
    ['a row for all rows', 'BF16', [4, 3], [0, 1]],
    ['a scalar', 'F64', [], []],
    ['dimensions of one with odd strides', 'I64', [1, 3, 1], [77, 1, 0]],
    ['five dimensions out of order', 'U8', [2, 3, 4, 2, 3], [3, 24, 72, 12, 1]],
    ['complex numbers', 'C64', [2, 2], [1, 2]],
    ['a sparse view that is read element by element', 'F32', [200], [10_007]],
    ['a transposed matrix of several pieces', 'F16', [3000, 2900], [1, 3000]],
    ['a transposed matrix with gaps', 'F16', [300, 2000], [1, 9000]],
    ['a batch of matrices, each larger than a piece', 'U8', [2, 3000, 3000], [9_000_001, 1, 3000]],
  ])('gathers %s', async (_, dtype, shape, stride) => {
    const byteLength = shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
    const orders = byteLength > 4 * MIB ? (['little'] as const) : (['little', 'big'] as const);
    for (const byteOrder of orders) {
      const view = { stride, byteOrder };
      const stored = { name: 'x', dtype, shape, byteOffset: OFFSET, byteLength, view };
      const pieces: Uint8Array[] = [];
      for await (const piece of tensorBytes(file, stored, 'x')) pieces.push(piece);
      expect(Math.max(...pieces.map((piece) => piece.byteLength))).toBeLessThanOrEqual(8 * MIB);
      expect(Buffer.compare(Buffer.concat(pieces), expected(file, dtype, shape, view))).toBe(0);
    }
  });

  it('reads no more than 32 MiB at once, and little that it does not want', async () => {
    const reads: number[] = [];
    const source = {
      byteLength: 2 ** 40,
      slice: (begin: number, end: number) => {
        reads.push(end - begin);
        return new Uint8Array(end - begin);
      },
    };
    const view = { stride: [2 ** 30, 1_000_000], byteOrder: 'little' } as const;
    const stored = { name: 'x', dtype: 'F32', shape: [4, 50], byteOffset: 0, byteLength: 800, view } as const;
    for await (const piece of tensorBytes(source, { ...stored, shape: [...stored.shape] }, 'x')) {
      expect(piece.byteLength).toBe(800);
    }
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(800);
  });

  it('never changes the bytes that it was given', async () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const source = { byteLength: 4, slice: (begin: number, end: number) => bytes.subarray(begin, end) };
    const view = { stride: [1], byteOrder: 'big' } as const;
    const stored = { name: 'x', dtype: 'U16', shape: [2], byteOffset: 0, byteLength: 4, view } as const;
    for await (const piece of tensorBytes(source, { ...stored, shape: [2] }, 'x')) {
      expect([...piece]).toEqual([2, 1, 4, 3]);
    }
    expect([...bytes]).toEqual([1, 2, 3, 4]);
  });
});
