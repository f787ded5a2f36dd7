import { describe, expect, it } from 'vitest';
import type { Dtype } from './dtype.js';
import { toFloat32 } from './float32.js';
import { bfloat16Bits, float16Bits, float32Bits } from './round-half.js';

const valueOf = (bits: number, dtype: Dtype): number =>
  toFloat32({ dtype, shape: [1], data: new Uint8Array(Uint16Array.of(bits).buffer) })[0] ?? NaN;

describe.each([
  ['F16', float16Bits, 0x7bff],
  ['BF16', bfloat16Bits, 0x7f7f],
] as const)('%s', (dtype, toBits, largest) => {
  it('gives every value its own bits', () => {
    for (let bits = 0; bits <= largest; bits++) {
      const value = valueOf(bits, dtype);
      if (toBits(value) !== bits || toBits(-value) !== (bits | 0x8000)) expect(value).toBe(bits);
    }
  });

  it('rounds to the nearest, and half-way to even', () => {
    for (const bits of [0, 1, 2, 0x3ff, 0x400, 0x1234, 0x2001, 0x3bff]) {
      const [low, high] = [valueOf(bits, dtype), valueOf(bits + 1, dtype)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      expect(toBits(low + (high - low) / 4)).toBe(bits);
      expect(toBits(low + ((high - low) * 3) / 4)).toBe(bits + 1);
      expect(toBits(middle)).toBe(even);
    }
  });
});

it('float32Bits', () => {
  expect(float32Bits(1)).toBe(0x3f800000);
  expect(float32Bits(-0.1)).toBe(0xbdcccccd);
});
