import { describe, expect, it } from 'vitest';
import { checkRecipe, formatRecipe, parseRecipe } from './init-recipe.js';
import type { InitStrategy } from './init-recipe.js';

describe('checkRecipe', () => {
  it.each<[InitStrategy, number]>([
    ['copy', 0],
    ['zero', 0],
    ['random', 0],
    ['random', 999_999_999_999_999],
  ])('takes %s with seed %d, which a shard can say', (strategy, seed) => {
    checkRecipe({ strategy, seed });
    expect(parseRecipe(formatRecipe({ strategy, seed }))).toEqual({ strategy, seed });
  });

  it.each<[string, number, RegExp]>([
    ['ones', 0, /^strategy: expected copy, random, zero, got "ones"; .*BAD_RECIPE/],
    ['random', -1, /^seed: expected a whole number from 0 to 999999999999999, got -1; .*BAD_RECIPE/],
    ['random', 0.5, /got 0\.5;/],
    ['random', NaN, /got NaN;/],
    ['random', 1e15, /got 1000000000000000;/],
  ])('refuses %s with seed %d', (strategy, seed, message) => {
    expect(() => checkRecipe({ strategy: strategy as InitStrategy, seed })).toThrow(message);
  });
});
