import { describe, expect, it } from 'vitest';
import { configDifferences } from './config-differences.js';

describe('configDifferences', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [
      { a: { b: 1 } },
      { a: { b: 2, c: [] } },
      [
        { path: 'a.b', a: 1, b: 2 },
        { path: 'a.c', a: undefined, b: [] },
      ],
    ],
    [{ list: ['x', 'y'] }, { list: ['x'] }, [{ path: 'list.1', a: 'y', b: undefined }]],
    [
      {
        models: [
          { name: 'base', n: 1 },
          { name: 'hd', n: 2 },
        ],
      },
      { models: [{ name: 'hd', n: 3 }] },
      [
        { path: 'models.base.n', a: 1, b: undefined },
        { path: 'models.base.name', a: 'base', b: undefined },
        { path: 'models.hd.n', a: 2, b: 3 },
      ],
    ],
  ])('of %j and %j', (a, b, expected) => {
    expect(configDifferences(a, b)).toEqual(expected);
  });
});
