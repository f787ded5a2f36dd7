import { describe, expect, it } from 'vitest';
import { scaleTo } from './ticks.js';

describe('scaleTo', () => {
  it.each([
    [400, 8, [0, 50, 100, 150, 200, 250, 300, 350, 400]],
    [2.1, 5, [0, 0.5, 1, 1.5, 2, 2.5]],
    [0.28, 5, [0, 0.1, 0.2, 0.3]],
    [0, 5, [0, 1]],
  ])('to %d with about %i marks', (max, count, ticks) => {
    expect(scaleTo(max, count)).toEqual({ end: ticks.at(-1), ticks });
  });
});
