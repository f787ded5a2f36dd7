import { describe, expect, it } from 'vitest';
import { stepMask } from './masks.js';

/** One string a row: `+` where the row sees the column. */
function picture(branches: number[], pastLength: number, capacity: number): string[] {
  const mask = stepMask(branches, pastLength, capacity);
  const columns = capacity + branches.length;
  return branches.map((_, row) =>
    Array.from(mask.subarray(row * columns, (row + 1) * columns), (value) => (value === 0 ? '+' : '.')).join(
      '',
    ),
  );
}

describe('stepMask', () => {
  it.each([
    ['a prefill is causal', [0, 0, 0], 0, 0, ['+..', '++.', '+++']],
    ['one token sees the past in use, not the free room', [0], 2, 4, ['++..+']],
    ['a branch sees the stem and itself', [0, 1, 1, 2], 1, 1, ['++...', '+++..', '++++.', '++..+']],
  ])('%s', (_, branches, pastLength, capacity, expected) => {
    expect(picture(branches, pastLength, capacity)).toEqual(expected);
  });
});
