import { crossEntropy } from './logits.js';
import { positionsFrom } from './positions.js';

/** Options as rows behind one prompt: each option is a branch that sees the prompt and itself. */
export interface Branches {
  /** Tokens of all options that are fed, one option after another; an option's last token predicts nothing asked for. */
  ids: number[];
  /** By fed token: its option, from 1. */
  branches: number[];
  /** By fed token: its position, as if its option were the only one. */
  positions: number[];
}

/** @param length - positions of the prompt */
export function layOutBranches(options: readonly (readonly number[])[], length: number): Branches {
  const fed = options.map((option) => option.slice(0, -1));
  return {
    ids: fed.flat(),
    branches: fed.flatMap((option, index) => option.map(() => index + 1)),
    positions: fed.flatMap((option) => positionsFrom(length, option.length)),
  };
}

/**
 * Mean cross-entropy of each option's tokens, nats.
 *
 * @param logits - of the prompt's last row, and of every fed token in order
 */
export function branchLosses(
  options: readonly (readonly number[])[],
  logits: readonly Float32Array[],
): number[] {
  let next = 1;
  return options.map((option) => {
    const own = [logits[0], ...logits.slice(next, next + option.length - 1)];
    next += option.length - 1;
    const total = option.reduce(
      (sum, token, at) => sum + crossEntropy(own[at] ?? new Float32Array(0), token),
      0,
    );
    return total / option.length;
  });
}
