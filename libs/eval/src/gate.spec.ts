import { describe, expect, it } from 'vitest';
import { compareRuns } from './compare-runs.js';
import { evaluated, line } from './evaluated-model.fixture.js';
import { gateFailures, type Gate } from './gate.js';

const run = (label: string, digits: string) =>
  evaluated(
    label,
    [...digits].map((digit, i) => line(i, digit === '-' ? null : Number(digit))),
  );
const before = run('old', '1111111100');

function failures(after: string, gate: Gate): string[] {
  const second = run('new', after);
  return gateFailures(compareRuns(before, second), second.results, gate);
}

describe('gateFailures', () => {
  it.each([
    ['b.accuracy', 0.5, []],
    ['b.accuracy', 0.51, ['b.accuracy of new is 50.00 %, the limit is 51.00 %']],
    ['b', 0.6, ['b.accuracy of new is 50.00 %, the limit is 60.00 %']],
    ['b_odd', 0.5, []],
    [
      'accuracy',
      0.6,
      ['b', 'b_even', 'b_odd'].map((task) => `${task}.accuracy of new is 50.00 %, the limit is 60.00 %`),
    ],
  ])('holds %s to %d', (metric, value, expected) => {
    expect(failures('1111100000', { failBelow: [{ metric, value }] })).toEqual(expected);
  });

  it('takes a score that is not there for too low', () => {
    const second = run('new', '----------');
    const comparison = { ...compareRuns(before, before), b: 'new' };
    expect(gateFailures(comparison, second.results, { failBelow: [{ metric: 'b', value: 0 }] })).toEqual([
      'b.accuracy of new is not there, the limit is 0.00 %',
    ]);
  });

  it('refuses a figure that there is none of', () => {
    const gate = { failBelow: [{ metric: 'bleu', value: 0 }] };
    expect(() => failures('1111111100', gate)).toThrow(/"bleu"; choose of b\.accuracy, .*GATE_METRIC/);
  });

  it.each([
    // All of eight fell: p = 2 / 256; four of the even ones: 2 / 16.
    ['0000000000', 0.05, ['b.accuracy of new fell by 80.00 % (p = 0.0078, the limit is 0.05)']],
    ['0000000000', 0.001, []],
    ['1111111111', 0.05, []],
    ['0111111100', 0.5, []],
  ])('%s: a fall with p below %d', (after, failOnRegression, expected) => {
    expect(failures(after, { failOnRegression })).toEqual(expected);
  });

  it('does not let a model pass by failing on items', () => {
    expect(failures('1111111-00', { failOnRegression: 0.05 })).toEqual([
      'new failed on 1 more items, "b/7" first',
    ]);
    expect(failures('1111111-00', {})).toEqual([]);
  });
});
