import { describe, expect, it } from 'vitest';
import { emptyKeyValues, KeyValueBuffer } from './key-values.js';

const shape = { layers: 1, kvHeads: 2, headDim: 1 };
/** Two heads, positions one after another. */
const rows = (...heads: [number[], number[]]) => ({
  capacity: heads[0].length,
  k: [Float32Array.from(heads.flat())],
  v: [Float32Array.from(heads.flat(), (value) => -value)],
});

describe('KeyValueBuffer', () => {
  it('appends behind what is there, head by head, and leaves the rest free', () => {
    const buffer = new KeyValueBuffer(shape, 4);
    buffer.append(rows([1, 2], [11, 12]));
    buffer.append(rows([3], [13]));
    expect(buffer.length).toBe(3);
    expect([...(buffer.k[0] ?? [])]).toEqual([1, 2, 3, 0, 11, 12, 13, 0]);
    expect([...(buffer.v[0] ?? [])].map((value) => value + 0)).toEqual([-1, -2, -3, 0, -11, -12, -13, 0]);
  });

  it('doubles its room where that does not suffice, and keeps what it holds', () => {
    const buffer = new KeyValueBuffer(shape, 2);
    buffer.append(rows([1, 2], [11, 12]));
    buffer.append(rows([3], [13]));
    expect([buffer.capacity, buffer.length]).toEqual([4, 3]);
    expect([...(buffer.k[0] ?? [])]).toEqual([1, 2, 3, 0, 11, 12, 13, 0]);
  });

  it('is itself the past of a step, of its whole capacity', () => {
    const buffer = new KeyValueBuffer(shape, 3);
    expect(buffer.k[0]?.length).toBe(6);
    expect(emptyKeyValues(shape)).toEqual({
      capacity: 0,
      k: [new Float32Array(0)],
      v: [new Float32Array(0)],
    });
  });
});
