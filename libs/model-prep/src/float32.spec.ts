import { describe, expect, it } from 'vitest';
import type { Dtype } from './dtype.js';
import { toFloat32 } from './float32.js';

const bytes = (values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const convert = (dtype: Dtype, values: number[]): number[] => [
  ...toFloat32({ dtype, shape: [values.length], data: bytes(values) }),
];

/** IEEE 754 binary16, by the definition: the oracle of the bit manipulation. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('toFloat32', () => {
  it.each([
    ['zero', 0x0000, 0],
    ['minus zero', 0x8000, -0],
    ['one', 0x3c00, 1],
    ['the smallest subnormal', 0x0001, 2 ** -24],
    ['minus the largest subnormal', 0x83ff, -1023 * 2 ** -24],
    ['the smallest normal', 0x0400, 2 ** -14],
    ['the largest', 0x7bff, 65504],
    ['infinity', 0x7c00, Infinity],
    ['minus infinity', 0xfc00, -Infinity],
    ['NaN', 0x7e00, NaN],
    ['a signalling NaN', 0x7c01, NaN],
  ])('reads %s from F16', (_, bits, value) => {
    expect(convert('F16', [bits])).toEqual([value]);
  });

  it('reads all 65,536 values of F16', () => {
    const all = Array.from({ length: 65536 }, (_, i) => i);
    const got = convert('F16', all);
    expect(all.filter((bits) => !Object.is(got[bits], half(bits)))).toEqual([]);
  });

  it.each([
    ['one', 0x3f80, 1],
    ['minus two', 0xc000, -2],
    ['a subnormal', 0x0001, 2 ** -133],
    ['infinity', 0x7f80, Infinity],
    ['NaN', 0x7fc0, NaN],
  ])('reads %s from BF16', (_, bits, value) => {
    expect(convert('BF16', [bits])).toEqual([value]);
  });

  it('reads F32 without a copy where it is aligned, with one where it is not', () => {
    const data = new Uint8Array(9);
    new DataView(data.buffer).setFloat32(4, 1.5, true);
    const aligned = toFloat32({ dtype: 'F32', shape: [1], data: data.subarray(4, 8) });
    expect([...aligned]).toEqual([1.5]);
    expect(aligned.buffer).toBe(data.buffer);
    data.copyWithin(5, 4, 8);
    expect([...toFloat32({ dtype: 'F32', shape: [1], data: data.subarray(5, 9) })]).toEqual([1.5]);
  });

  it('reads F16 at an odd offset', () => {
    const data = Uint8Array.of(9, 0x00, 0x3c).subarray(1);
    expect([...toFloat32({ dtype: 'F16', shape: [], data })]).toEqual([1]);
  });

  it('refuses other dtypes and data of another length', () => {
    expect(() => toFloat32({ dtype: 'I32', shape: [1], data: new Uint8Array(4) })).toThrow(
      /got I32.*DTYPE_UNSUPPORTED/,
    );
    expect(() => toFloat32({ dtype: 'F16', shape: [2, 2], data: new Uint8Array(7) })).toThrow(
      /takes 8 bytes, got 7 .*SIZE_MISMATCH/,
    );
  });
});
