import { MASKED } from './graphs/attention.js';

/**
 * Additive mask [T, capacity + T] of one step. A new row sees the `pastLength` positions in use and the new rows up
 * to itself that belong to branch 0 (the common stem) or to its own branch, so that the options of one question can
 * be scored in one step.
 *
 * @param branches - branch of every new row
 */
export function stepMask(branches: readonly number[], pastLength: number, capacity: number): Float32Array {
  const columns = capacity + branches.length;
  const mask = new Float32Array(branches.length * columns).fill(MASKED);
  for (const [row, branch] of branches.entries()) {
    const begin = row * columns;
    mask.fill(0, begin, begin + pastLength);
    for (let column = 0; column <= row; column++) {
      const other = branches[column];
      if (other === 0 || other === branch) mask[begin + capacity + column] = 0;
    }
  }
  return mask;
}
