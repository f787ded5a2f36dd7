import { describe, expect, it } from 'vitest';
import { RepeatedBytes } from './repeated-bytes.js';

const bytes = Buffer.from('a},\r\n {b},\r\n {c},\r\n [');

describe('RepeatedBytes', () => {
  it('recognises what it remembers, and tells of it', () => {
    const repeated = new RepeatedBytes();
    expect(repeated.match(bytes, 1)).toBe(0);
    repeated.remember(bytes, 1, 7, true);
    expect(repeated.match(bytes, 8)).toBe(14);
    expect(repeated).toMatchObject({ lineFeeds: 1, controls: 2, behindLineFeed: 4, leadsToHuman: true });
  });

  it.each([
    ['others', 15],
    ['what is cut off', bytes.length - 3],
  ])('does not recognise %s', (_, at) => {
    const repeated = new RepeatedBytes();
    repeated.remember(bytes, 1, 7, false);
    expect(repeated.match(bytes, at)).toBe(0);
  });

  it('remembers nothing too long, nor what was there before', () => {
    const repeated = new RepeatedBytes();
    repeated.remember(bytes, 1, 7, false);
    repeated.remember(Buffer.alloc(300), 0, 300, false);
    expect(repeated.match(bytes, 8)).toBe(0);
    expect(repeated.match(Buffer.alloc(300), 0)).toBe(0);
  });
});
