import { describe, expect, it } from 'vitest';
import { enlargeRotaryRows, positionsFrom, rotaryRows } from './positions.js';

/** Expected numbers: `rope_table` and `cubic_matrix` of the NumPy reference. */
describe('rotaryRows', () => {
  it('equals the reference', () => {
    const { cos, sin } = rotaryRows([11], 4, 10000);
    const expected = [0.004425697959959507, 0.9939560890197754, -0.9999902248382568, 0.10977829992771149];
    expect([...cos, ...sin].map((value) => value.toFixed(7))).toEqual(
      expected.map((value) => value.toFixed(7)),
    );
  });

  it('turns nothing at position 0', () => {
    expect(rotaryRows([0], 4, 10000)).toEqual({ cos: new Float32Array(2).fill(1), sin: new Float32Array(2) });
  });
});

describe('enlargeRotaryRows', () => {
  it('enlarges 2 x 2 places to 5 x 5 as the reference does', () => {
    const { cos, sin } = enlargeRotaryRows(rotaryRows(positionsFrom(3, 4), 4, 10000), 2, 5);
    const rows = [cos.slice(0, 2), cos.slice(2, 4), cos.slice(4, 6), sin.slice(-2)].map((row) => [...row]);
    const expected = [
      [-1.1633609533309937, 0.9996740221977234],
      [-1.1059080362319946, 0.9996110200881958],
      [-0.9809899926185608, 0.9994739890098572],
      [-0.13269400596618652, 0.06326700001955032],
    ];
    for (const [index, row] of rows.entries()) {
      expect(row[0]).toBeCloseTo(expected[index]?.[0] ?? NaN, 5);
      expect(row[1]).toBeCloseTo(expected[index]?.[1] ?? NaN, 5);
    }
  });

  it('changes nothing at the same size', () => {
    const rows = rotaryRows(positionsFrom(0, 9), 4, 10000);
    expect(enlargeRotaryRows(rows, 3, 3)).toEqual(rows);
  });
});
