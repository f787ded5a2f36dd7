import { describe, expect, it } from 'vitest';
import { readAhead } from './read-ahead.js';

async function* count(log: string[], fail = Infinity): AsyncGenerator<number, undefined> {
  try {
    for (let i = 1; i <= 3; i++) {
      await Promise.resolve();
      if (i === fail) throw new Error(`no ${i}`);
      log.push(`read ${i}`);
      yield i;
    }
  } finally {
    log.push('closed');
  }
}

describe('readAhead', () => {
  it('reads the next piece while the present one is in use', async () => {
    const log: string[] = [];
    for await (const piece of readAhead(count(log))) {
      await new Promise(setImmediate);
      log.push(`use ${piece}`);
    }
    expect(log).toEqual(['read 1', 'read 2', 'use 1', 'read 3', 'use 2', 'closed', 'use 3']);
  });

  it('gives the pieces before a failure, and then the failure', async () => {
    const pieces: number[] = [];
    const use = async (): Promise<void> => {
      for await (const piece of readAhead(count([], 3))) pieces.push(piece);
    };
    await expect(use()).rejects.toThrow('no 3');
    expect(pieces).toEqual([1, 2]);
  });

  it('closes the source where the reader stops, whatever the piece that was asked for becomes', async () => {
    for (const fail of [2, Infinity]) {
      const log: string[] = [];
      for await (const piece of readAhead(count(log, fail))) {
        expect(piece).toBe(1);
        break;
      }
      expect(log.at(-1)).toBe('closed');
    }
  });
});
