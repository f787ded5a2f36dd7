import { describe, expect, it } from 'vitest';
import { coordinate, grouped, percent, pValue, signedPoints } from './numbers.js';

describe('numbers', () => {
  it.each([
    [percent(0.94158), '94.2'],
    [percent(0), '0.0'],
    [percent(1), '100.0'],
    [signedPoints(0.125), '+12.5'],
    [signedPoints(-0.04), '−4.0'],
    [signedPoints(-0.0004), '0.0'],
    [grouped(0), '0'],
    [grouped(999), '999'],
    [grouped(1234567), '1,234,567'],
    [pValue(0.0009), '< 0.001'],
    [pValue(0.001), '0.001'],
    [pValue(1), '1.000'],
  ])('writes %s', (written, expected) => {
    expect(written).toBe(expected);
  });

  it('rounds coordinates to what a screen can show', () => {
    expect(coordinate(1 / 3)).toBe(0.33);
  });
});
