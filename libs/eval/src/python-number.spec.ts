import { describe, expect, it } from 'vitest';
import { pythonFloat } from './python-number.js';

describe('pythonFloat', () => {
  // Left: what Python 3's float() gives; undefined where it raises ValueError.
  it.each([
    ['5', 5],
    [' 5.\t', 5],
    ['.5', 0.5],
    ['+1_000.2_5e-1', 100.025],
    ['-0', -0],
    ['1e400', Infinity],
    ['-Infinity', -Infinity],
    ['inf', Infinity],
    ['NaN', NaN],
    ['٣.١٤', 3.14],
    ['１２', 12],
    ['𝟛', 3],
    ['', undefined],
    ['.', undefined],
    ['1_', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['1 0', undefined],
    ['0x10', undefined],
    ['1,000', undefined],
    ['²', undefined],
    ['\ufeff5', undefined],
  ])('%j', (text, value) => {
    expect(pythonFloat(text)).toBe(value);
  });
});
