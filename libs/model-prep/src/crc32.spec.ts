import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { crc32 } from './crc32.js';

it('gives the check value of the standard, and what zlib gives', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) ^ (i >> 8));
  expect(crc32(bytes)).toBe(zlibCrc32(bytes));
});
