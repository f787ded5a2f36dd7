import { describe, expect, it } from 'vitest';
import type { Dtype } from './dtype.js';
import { typedView } from './typed-view.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('typedView', () => {
  it.each<[Dtype, Uint8Array, ArrayLike<number | bigint>]>([
    ['F32', bytes(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), Float32Array.of(1, -2)],
    ['F64', bytes(0, 0, 0, 0, 0, 0, 0xf0, 0x3f), Float64Array.of(1)],
    ['C64', bytes(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), Float32Array.of(1, -2)],
    ['F16', bytes(0, 0x3c), Uint16Array.of(0x3c00)],
    ['BF16', bytes(0x80, 0x3f), Uint16Array.of(0x3f80)],
    ['I8', bytes(255), Int8Array.of(-1)],
    ['I16', bytes(254, 255), Int16Array.of(-2)],
    ['U16', bytes(254, 255), Uint16Array.of(65534)],
    ['I32', bytes(253, 255, 255, 255), Int32Array.of(-3)],
    ['U32', bytes(253, 255, 255, 255), Uint32Array.of(4294967293)],
    ['I64', bytes(252, 255, 255, 255, 255, 255, 255, 255), BigInt64Array.of(-4n)],
    ['U64', bytes(1, 0, 0, 0, 0, 0, 0, 128), BigUint64Array.of(2n ** 63n + 1n)],
    ['BOOL', bytes(1, 0), Uint8Array.of(1, 0)],
    ['F8_E4M3', bytes(0x38), Uint8Array.of(0x38)],
    ['F32', bytes(), new Float32Array()],
  ])('of %s', (dtype, data, expected) => {
    expect(typedView({ dtype, data })).toStrictEqual(expected);
  });

  it('is one of the same memory where that is aligned, else of a copy', () => {
    const memory = new Uint8Array(9);
    for (const [offset, isShared] of [
      [4, true],
      [5, false],
    ] as const) {
      memory.fill(0);
      const data = memory.subarray(offset, offset + 4);
      const view = typedView({ dtype: 'U32', data });
      data[0] = 7;
      expect(view[0]).toBe(isShared ? 7 : 0);
    }
  });

  it('refuses half an element', () => {
    expect(() => typedView({ dtype: 'F16', data: bytes(1, 2, 3) })).toThrow(
      'expected a multiple of the 2 bytes of F16, got 3 (SIZE_MISMATCH)',
    );
  });
});
