import { drawBelow, xoshiro128 } from '@flexattn/stage';

/** A stream of pseudo-random integers: the same on every machine, because only 32-bit integer arithmetic takes part. */
export interface Random {
  /** Uniform integer in [0, bound); bound is 1 to 2^31. */
  below(bound: number): number;
  /** Uniform integer in [low, high], both ends included. */
  between(low: number, high: number): number;
  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** True with a chance of `percent` in 100. */
  chance(percent: number): boolean;
  /** A copy of the list in another order (Fisher-Yates). */
  shuffle<T>(list: readonly T[]): T[];
}

/** FNV-1a over UTF-16 units: turns a stream's label into 32 bits. */
function hashLabel(label: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** splitmix32 (Steele et al. 2014, 32-bit variant): a good stream from any seed, used to fill the state below. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/**
 * The stream of one seed and label. Every picture and sample has a label of its own, so adding one
 * never changes another.
 */
export function createRandom(seed: number, label: string): Random {
  const word = splitmix32((seed ^ hashLabel(label)) >>> 0);
  const next = xoshiro128([word(), word(), word(), word()]);
  const below = (bound: number): number => drawBelow(next, bound);
  const pick = <T>(list: readonly T[]): T => {
    const [value] = list.slice(below(list.length));
    if (value === undefined) throw new RangeError('pick() needs a list of defined values that is not empty');
    return value;
  };
  const shuffle = <T>(list: readonly T[]): T[] => {
    const left = [...list];
    const out: T[] = [];
    while (left.length > 0) out.push(...left.splice(below(left.length), 1));
    return out;
  };
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    pick,
    chance: (percent) => below(100) < percent,
    shuffle,
  };
}
