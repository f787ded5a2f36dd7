import { describe, expect, it } from 'vitest';
import { ControlBytes } from './control-bytes.js';

describe('ControlBytes', () => {
  it('counts as one byte after the other would, from and to any place, at any address', () => {
    const all = Uint8Array.from({ length: 1024 }, (_, i) => (i * 37 + (i >> 5)) & 0xff);
    for (const offset of [0, 1, 2, 3]) {
      const bytes = all.subarray(offset, offset + 600);
      const controls = new ControlBytes(bytes);
      for (let begin = 0; begin < 12; begin += 1) {
        for (const end of [begin, begin + 1, begin + 3, begin + 8, 597, 598, 599, 600]) {
          const expected = bytes.subarray(begin, end).filter((byte) => byte < 0x20).length;
          expect(controls.count(begin, end)).toBe(expected);
        }
      }
    }
  });

  it.each([
    [0x1f, 4],
    [0x20, 0],
    [0x7f, 0],
    [0x80, 0],
    [0x9f, 0],
    [0xff, 0],
    [0, 4],
  ])('byte %i', (byte, count) => {
    expect(new ControlBytes(new Uint8Array(4).fill(byte)).count(0, 4)).toBe(count);
  });

  it('takes no bytes at all', () => {
    expect(new ControlBytes(new Uint8Array(0)).count(0, 0)).toBe(0);
  });
});
