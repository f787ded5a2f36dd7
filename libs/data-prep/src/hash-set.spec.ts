import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HashSet } from './hash-set.js';

const hashOf = (i: number) => createHash('sha256').update(String(i)).digest();

describe('HashSet', () => {
  it('knows what was added, while it grows', () => {
    const set = new HashSet();
    for (let i = 0; i < 5000; i += 1) expect(set.add(hashOf(i))).toBe(true);
    for (let i = 0; i < 5000; i += 1) expect(set.add(hashOf(i))).toBe(false);
    expect(set.add(hashOf(5000))).toBe(true);
  });

  it('tells hashes apart that differ in any one of their 16 bytes, and in no other', () => {
    const set = new HashSet();
    const hash = hashOf(0);
    expect(set.add(hash)).toBe(true);
    for (let i = 0; i < 16; i += 1) {
      const other = Buffer.from(hash);
      other[i] = (other[i] ?? 0) ^ 1;
      expect(set.add(other)).toBe(true);
    }
    const sameStart = Buffer.from(hash);
    sameStart[16] = (sameStart[16] ?? 0) ^ 1;
    expect(set.add(sameStart)).toBe(false);
  });

  it('takes a hash of zeros, and hashes that all want the same slot', () => {
    const set = new HashSet();
    expect(set.add(new Uint8Array(16))).toBe(true);
    expect(set.add(new Uint8Array(16))).toBe(false);
    for (let i = 1; i < 256; i += 1) {
      const hash = new Uint8Array(16);
      hash[8] = i;
      expect(set.add(hash)).toBe(true);
    }
  });
});
