import { describe, expect, it } from 'vitest';
import { RecentCache } from './recent.js';

describe('RecentCache', () => {
  it('makes a value once, also for two callers at the same time', async () => {
    const cache = new RecentCache<number>(2);
    let made = 0;
    const make = () => Promise.resolve(++made);
    expect(await Promise.all([cache.get('a', make), cache.get('a', make)])).toEqual([1, 1]);
  });

  it('forgets the least recently used', async () => {
    const cache = new RecentCache<string>(2);
    const value = (text: string) => () => Promise.resolve(text);
    await cache.get('a', value('a1'));
    await cache.get('b', value('b1'));
    await cache.get('a', value('a2'));
    await cache.get('c', value('c1'));
    expect(await cache.get('a', value('a3'))).toBe('a1');
    expect(await cache.get('b', value('b2'))).toBe('b2');
  });

  it('does not keep a failure', async () => {
    const cache = new RecentCache<string>(2);
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('a', () => Promise.resolve('yes'))).toBe('yes');
  });
});
