import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HashLines } from './hash-lines.js';

const keyOf = (i: number) => createHash('sha256').update(String(i)).digest('base64url');
const hashOf = (i: number) => createHash('sha256').update(`bytes ${i}`).digest('hex');
const hashes = (from: number, to: number) =>
  new Map(Array.from({ length: to - from }, (_, i) => [keyOf(from + i), hashOf(from + i)] as const));
const none = HashLines.of(Buffer.alloc(0));
const bytesOf = (count: number) => Buffer.from(none.with(hashes(0, count)), 'latin1');

describe('lines of hashes', () => {
  it.each([0, 1, 2, 3, 1000])('gives each of %i, and no other', (count) => {
    const lines = HashLines.of(bytesOf(count));
    for (let i = 0; i < count; i += 1) expect(lines.get(keyOf(i))).toBe(hashOf(i));
    for (let i = count; i < count + 20; i += 1) expect(lines.get(keyOf(i))).toBeUndefined();
  });

  it('are the same file, however they were learnt', () => {
    const some = HashLines.of(Buffer.from(none.with(hashes(3, 10)), 'latin1'));
    const old = new Map([[keyOf(4), hashOf(99)]]);
    const first = HashLines.of(Buffer.from(some.with(old), 'latin1'));
    expect(first.get(keyOf(4))).toBe(hashOf(99));
    expect(first.with(hashes(0, 5))).toBe(bytesOf(10).toString('latin1'));
  });

  it('never give a wrong hash, whichever bit has flipped', () => {
    const whole = bytesOf(3);
    let lost = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const lines = HashLines.of(bytes);
      for (const i of [0, 1, 2]) {
        const found = lines.get(keyOf(i));
        if (found === undefined) lost += 1;
        else expect(found).toBe(hashOf(i));
      }
    }
    expect(lost).toBeGreaterThan(0);
  });
});
