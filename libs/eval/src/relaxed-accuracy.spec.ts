import { describe, expect, it } from 'vitest';
import { relaxedAccuracy } from './relaxed-accuracy.js';

describe('relaxedAccuracy', () => {
  it.each([
    ['105', '100', 1],
    ['95', '100', 1],
    ['105.1', '100', 0],
    ['-105', '-100', 1],
    ['105', '-100', 0],
    ['1.05', '1', 0], // as floating point has it
    ['50%', '0.5', 1],
    ['50 %', '0.51', 1],
    ['50%', '50', 0], // a share is not its hundredfold
    ['51%', '50%', 1],
    ['1,200', '1200', 1],
    ['1,234,567.8', '1234567', 1],
    ['1,2', '12', 0], // no separator of thousands
    ['12,34', '1234', 0],
    ['1e3', '1000', 1],
    ['0', '0', 1],
    ['0.0', '0', 1],
    ['0.001', '0', 0], // nothing is within 5 % of zero
    ['nan', 'nan', 0],
    ['inf', 'inf', 0],
    ['Blue', 'blue', 1],
    ['Blue.', 'blue', 1],
    ['light blue', 'blue', 0],
    ['', 'blue', 0],
    ['', '0', 0],
    ['2014', '2014 ', 1],
    ['2014', '2100', 1], // years are numbers too, in the published rule
    ['5.', '5', 1],
    ['0x10', '16', 0],
  ] as [string, string, number][])('%j to %j: %i', (prediction, label, score) => {
    expect(relaxedAccuracy(prediction, label)).toBe(score);
  });

  it('takes linear time on an answer made to backtrack', () => {
    expect(relaxedAccuracy(`${'%'.repeat(65_000)}x%`, '1')).toBe(0);
    expect(relaxedAccuracy(`x${' '.repeat(65_000)}x `, '1')).toBe(0);
    expect(relaxedAccuracy(`12${'%'.repeat(65_000)}`, '0.12')).toBe(1);
  });
});
