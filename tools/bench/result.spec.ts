import { describe, expect, it } from 'vitest';
import { isReached, limitedResult, resultOf } from './result.js';
import { alignedTable, figure, quantity, RESULT_COLUMNS, resultCells } from './result-table.js';

const MEASURED = { work: 'reading', ours: [1, 2, 3], baseline: [4, 4, 9], against: 'Python' };

describe('resultOf', () => {
  it('gives the ratio of the medians and the span of the pairs', () => {
    expect(resultOf(MEASURED)).toEqual({
      ...{
        work: 'reading',
        unit: 's',
        against: 'Python',
        ours: 2,
        baseline: 4,
        ratio: 2,
        low: 2,
        high: 4,
        n: 3,
      },
      samples: [1, 2, 3],
    });
  });

  it.each([
    [2, true],
    [2.01, false],
    [undefined, true],
  ])('must reach %s: %s', (bound, reached) => {
    expect(isReached(resultOf({ ...MEASURED, ...(bound === undefined ? {} : { bound }) }))).toBe(reached);
  });

  it.each([
    [[2, 2.5, 2.4], true],
    [[2, 2.6, 2.6], false],
  ])('of %j stays below a limit of 2.5: %s', (ours, reached) => {
    expect(isReached(limitedResult({ work: 'w', ours, limit: 2.5 }))).toBe(reached);
  });
});

describe('the table', () => {
  it('says what was missed', () => {
    const cells = resultCells(resultOf({ ...MEASURED, bound: 3 }));
    expect(cells).toEqual(['reading', '2 s', '4 s, Python', '2 (2 to 4)', '3', '3 MISSED']);
    expect(alignedTable(RESULT_COLUMNS, [cells]).split('\n')[1]).toMatch(
      /^reading {2}2 s {3}4 s, Python {2}2 \(2/,
    );
  });

  it.each([
    [0.0321, 's', '32.1 ms'],
    [1.3333, 's', '1.33 s'],
    [123.4, 's', '123 s'],
    [118.4e6, 'bytes', '118 MB'],
    [1.456e9, 'bytes', '1.46 GB'],
  ] as const)('shows %d %s as %s', (value, unit, shown) => {
    expect(quantity(value, unit)).toBe(shown);
  });

  it.each([
    [12_345, '12345'],
    [0.052, '0.052'],
    [-2.345, '-2.35'],
  ])('shows %d as %s', (value, shown) => {
    expect(figure(value)).toBe(shown);
  });
});
