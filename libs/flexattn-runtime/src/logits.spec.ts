import { describe, expect, it } from 'vitest';
import { argMax, crossEntropy } from './logits.js';

describe('argMax', () => {
  it.each([
    [[1, 3, 2], 1],
    [[3, 1, 3], 0],
    [[-5, -2, -9], 1],
  ])('of %j is %i: the first of the greatest', (logits, index) => {
    expect(argMax(Float32Array.from(logits))).toBe(index);
  });
});

describe('crossEntropy', () => {
  it('of equal logits is the logarithm of their number', () => {
    expect(crossEntropy(new Float32Array(8), 3)).toBeCloseTo(Math.log(8), 12);
  });

  it('holds for logits that overflow an exponential', () => {
    expect(crossEntropy(Float32Array.of(1000, 0), 0)).toBe(0);
    expect(crossEntropy(Float32Array.of(1000, 0), 1)).toBe(1000);
  });
});
