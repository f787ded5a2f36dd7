import { describe, expect, it } from 'vitest';
import { resizeTriangle } from './triangle.js';

describe('resizeTriangle', () => {
  it('equals the reference on 6 x 6 -> 4 x 4, plane by plane', () => {
    const plane = Array.from({ length: 36 }, (_, index) => index ** 1.5);
    const got = resizeTriangle(Float32Array.from([...plane, ...plane.map((value) => -value)]), 6, 4);
    /** `triangle_matrix(6, 4)` of the NumPy reference on both sides. */
    const expected = [
      6.2834, 9.7053, 14.188, 19.2399, 38.3298, 45.4585, 53.234, 61.1841, 88.7301, 98.2057, 108.2887,
      118.3876, 149.7744, 161.0674, 172.969, 184.7869,
    ];
    for (const [index, value] of expected.entries()) {
      expect(got[index]).toBeCloseTo(value, 3);
      expect(got[16 + index]).toBeCloseTo(-value, 3);
    }
  });

  it('keeps a constant plane constant at any size', () => {
    const got = resizeTriangle(new Float32Array(49).fill(0.75), 7, 3);
    expect([...got].every((value) => Math.abs(value - 0.75) < 1e-6)).toBe(true);
  });
});
