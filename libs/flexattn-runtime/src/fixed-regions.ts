import type { SelectionSettings } from './geometry.js';
import { GRID } from './regions.js';

/**
 * The regions that a strategy of the paper's ablation chooses whatever the picture: the same for every row. The
 * random ones differ from layer to layer.
 *
 * @returns 81 flags; undefined for `attention`, which chooses by itself, and `none`
 */
export function fixedRegions(
  { selection, share, seed }: SelectionSettings,
  layer: number,
): boolean[] | undefined {
  const count = Math.round(share * GRID ** 2);
  switch (selection) {
    case 'attention':
    case 'none':
      return undefined;
    case 'all':
      return new Array<boolean>(GRID ** 2).fill(true);
    case 'centre':
      return first(count, (region) => distanceFromCentre(region));
    case 'random': {
      const order = randomNumbers(seed, layer);
      return first(count, (region) => order[region] ?? 0);
    }
  }
}

/** Flags of the `count` regions of lowest rank; of equals the first. */
function first(count: number, rank: (region: number) => number): boolean[] {
  const regions = Array.from({ length: GRID ** 2 }, (_, region) => region);
  const chosen = new Set(regions.sort((a, b) => rank(a) - rank(b) || a - b).slice(0, count));
  return Array.from({ length: GRID ** 2 }, (_, region) => chosen.has(region));
}

/** Squared, in regions. */
function distanceFromCentre(region: number): number {
  const middle = (GRID - 1) / 2;
  return (Math.floor(region / GRID) - middle) ** 2 + ((region % GRID) - middle) ** 2;
}

/** 81 pseudo-random 32-bit integers of a seed and a layer (splitmix32: integer arithmetic alone). */
function randomNumbers(seed: number, layer: number): number[] {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(layer + 1, 0xc2b2ae35);
  return Array.from({ length: GRID ** 2 }, () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  });
}
