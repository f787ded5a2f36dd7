import { describe, expect, it } from 'vitest';
import { WRITE_BYTES } from '../limits.js';
import { ByteWriter } from './byte-writer.js';

describe('ByteWriter', () => {
  it('writes pieces of all sizes in their order', async () => {
    const written: Buffer[] = [];
    const writer = new ByteWriter({
      write: async (bytes) => {
        await Promise.resolve();
        written.push(Buffer.from(bytes));
      },
    });
    const sizes = [1, 0, 1000, WRITE_BYTES - 5, WRITE_BYTES, 3 * WRITE_BYTES + 7, 12, WRITE_BYTES - 12];
    const pieces = sizes.map((size, i) => Buffer.alloc(size, i + 1));
    for (const piece of pieces) await writer.add(piece, Buffer.from('|'));
    await writer.flush();
    const expected = Buffer.concat(pieces.flatMap((piece) => [piece, Buffer.from('|')]));
    expect(Buffer.concat(written).equals(expected)).toBe(true);
    expect(writer.size).toBe(expected.length);
    expect(Math.max(...written.map(({ length }) => length))).toBeLessThanOrEqual(WRITE_BYTES);
  });

  it('tells the error of a write at the next one that waits', async () => {
    const failure = new Error('full');
    const writer = new ByteWriter({ write: () => Promise.reject(failure) });
    await writer.add(Buffer.alloc(WRITE_BYTES), Buffer.alloc(1));
    await expect(writer.flush()).rejects.toBe(failure);
  });
});
