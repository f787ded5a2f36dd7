import { describe, expect, it } from 'vitest';
import { checkLength, splitAtImage } from './prompt.js';

describe('splitAtImage', () => {
  it('splits around the one image', () => {
    expect(splitAtImage([1, 5, -200, 7])).toEqual({ before: [1, 5], after: [7] });
    expect(splitAtImage([-200])).toEqual({ before: [], after: [] });
  });

  it.each([
    [[1, 5], 'got 0'],
    [[-200, 1, -200], 'got 2'],
  ])('refuses %j', (ids, got) => {
    expect(() => splitAtImage(ids)).toThrow(`expected one <image> in the prompt, ${got}`);
  });
});

describe('checkLength', () => {
  it('accepts what just fits and names both lengths of what does not', () => {
    expect(() => {
      checkLength(90, 10, 100);
    }).not.toThrow();
    expect(() => {
      checkLength(90, 11, 100);
    }).toThrow('expected at most 100 positions, got 90 of the prompt and 11 of the answer');
  });
});
