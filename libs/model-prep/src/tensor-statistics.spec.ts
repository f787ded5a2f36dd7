import { describe, expect, it } from 'vitest';
import type { Dtype } from './dtype.js';
import { StatisticsCollector, valuesOf } from './tensor-statistics.js';

const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function statistics(...pieces: number[][]) {
  const collector = new StatisticsCollector();
  for (const piece of pieces) collector.add(piece);
  return collector.result();
}

describe('StatisticsCollector', () => {
  it.each([
    ['one piece', [[1, -2, 4]], { min: -2, max: 4, mean: 1, nan: 0 }],
    ['pieces', [[1], [-2, 4], []], { min: -2, max: 4, mean: 1, nan: 0 }],
    ['NaN among others', [[NaN, 3, NaN]], { min: 3, max: 3, mean: 3, nan: 2 }],
    ['infinities', [[-Infinity, 3]], { min: -Infinity, max: 3, mean: -Infinity, nan: 0 }],
    ['NaN alone', [[NaN]], { min: undefined, max: undefined, mean: undefined, nan: 1 }],
    ['nothing', [], { min: undefined, max: undefined, mean: undefined, nan: 0 }],
  ])('%s', (_, pieces, expected) => {
    expect(statistics(...pieces)).toEqual(expected);
  });
});

describe('valuesOf', () => {
  it.each<[Dtype, ArrayBufferView, (number | bigint)[]]>([
    ['F64', Float64Array.of(0.1, -2), [0.1, -2]],
    ['F32', Float32Array.of(0.5, -2), [0.5, -2]],
    ['F16', Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ['BF16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
    ['I64', BigInt64Array.of(-5n), [-5n]],
    ['U64', BigUint64Array.of(5n), [5n]],
    ['I32', Int32Array.of(-5), [-5]],
    ['U32', Uint32Array.of(5), [5]],
    ['I16', Int16Array.of(-5), [-5]],
    ['U16', Uint16Array.of(5), [5]],
    ['I8', Int8Array.of(-5), [-5]],
    ['U8', Uint8Array.of(5), [5]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ])('%s, wherever it lies in memory', (dtype, view, expected) => {
    const shifted = new Uint8Array(view.byteLength + 1);
    shifted.set(bytesOf(view), 1);
    expect(Array.from(valuesOf(dtype, shifted.subarray(1)) ?? [])).toEqual(expected);
  });

  it('tells none of float8', () => {
    expect(valuesOf('F8_E4M3', Uint8Array.of(1))).toBeUndefined();
  });
});
