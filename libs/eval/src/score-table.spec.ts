import { describe, expect, it } from 'vitest';
import { scoreRows, type EvalResults } from './results.js';
import { formatScoreTable } from './score-table.js';

const score = (accuracy: number | null, n: number) => ({
  protocol: 'multi',
  metric: 'accuracy_multi',
  n,
  errors: 3 - n,
  unjudged: 0,
  unparseable: accuracy === null ? null : 0.5,
  empty: accuracy === null ? null : 0,
  cut: null,
  interval95: null,
  choices: null,
  positionBias: null,
  accuracy_multi: accuracy,
  accuracy_multi_stderr: accuracy,
  accuracy_multi_interval95: accuracy === null ? null : ([0.1, 0.9] as [number, number]),
  accuracy_multi_strict: accuracy,
  accuracy_multi_strict_stderr: accuracy,
  accuracy_multi_strict_interval95: null,
});

const results: EvalResults = {
  models: ['low-res', 'flexattn'],
  results: { 'low-res': { m: score(null, 0) }, flexattn: { m: score(0.3333, 3) } },
  comparisons: [
    {
      task: 'm',
      metric: 'accuracy_multi',
      a: 'low-res',
      b: 'flexattn',
      n: 3,
      difference: 0.5,
      interval95: [-0.25, 0.75],
      p: 0.0004,
      test: 'mcnemar',
      aHigher: 0,
      bHigher: 2,
    },
    {
      task: 'm',
      metric: 'accuracy_multi_strict',
      a: 'low-res',
      b: 'flexattn',
      n: 3,
      difference: 0,
      interval95: [0, 0],
      p: 1,
      test: 'mcnemar',
      aHigher: 0,
      bHigher: 0,
    },
  ],
  'n-samples': {},
  versions: {},
  config: { seed: 0, judge: 'none', eval: '0.1.0', benchmarks: {} },
  hashes: { items: '', benchmarks: {}, answers: {}, weights: {} },
  errors: {},
  rejects: {},
  warnings: [],
};

describe('formatScoreTable', () => {
  it('shows every figure with n and interval, and main differences', () => {
    expect(formatScoreTable(results)).toBe(
      [
        'benchmark  metric                 model     n  score  95 % interval  unparseable  empty  cut  errors',
        'm          accuracy_multi         low-res   0      -              -            -      -    -       3',
        '                                  flexattn  3   33.3   10.0 to 90.0       50.0 %  0.0 %    -       0',
        '           accuracy_multi_strict  low-res   0      -              -            -      -    -       3',
        '                                  flexattn  3   33.3              -       50.0 %  0.0 %    -       0',
        '',
        'benchmark  compared            n  difference   95 % interval        p',
        'm          flexattn - low-res  3       +50.0  -25.0 to +75.0  < 0.001',
        '',
      ].join('\n'),
    );
  });

  it('counts what has no score by its code, and ends with the warnings', () => {
    const faults = {
      rejects: { m: { PICTURE_MISSING: 12 } },
      errors: { 'low-res': { m: { ANSWER_TOO_LONG: 1 } }, flexattn: { m: {} } },
      warnings: ['m: 3 items, the published benchmark has 283: scores do not compare'],
    };
    expect(formatScoreTable({ ...results, ...faults })).toContain(
      [
        '',
        'benchmark  without score  code             items',
        'm          not asked      PICTURE_MISSING     12',
        'm          low-res        ANSWER_TOO_LONG      1',
        '',
        'warning: m: 3 items, the published benchmark has 283: scores do not compare',
        '',
      ].join('\n'),
    );
  });

  it('tells where answers were not judged', () => {
    const unjudged = { ...results.results, flexattn: { m: { ...score(null, 0), unjudged: 3 } } };
    const lines = formatScoreTable({ ...results, results: unjudged }).split('\n');
    expect(lines[0]).toMatch(/ errors {2}not judged$/);
    expect(lines[2]).toMatch(/flexattn +0 +- .* 3$/);
  });

  it('shows how often each letter was chosen and right', () => {
    const letters = { A: { right: 1, chosen: 3 }, B: { right: 2, chosen: 0 } };
    const biased = { m: { ...score(0.3333, 3), choices: letters, positionBias: 2 / 3 } };
    expect(formatScoreTable({ ...results, models: ['flexattn'], results: { flexattn: biased } })).toMatch(
      /^m +flexattn +66\.7 +A 3\/1, B 0\/2$/m,
    );
  });

  it('shows the figures of the paper beside whole benchmarks only', () => {
    const vstar = { ...score(0.5, 191), accuracy_plain: 0.5 };
    const counts = { published: 191, original: 191, rejected: 0, effective: { flexattn: 191 } };
    const whole = {
      ...results,
      models: ['flexattn'],
      results: { flexattn: { vstar } },
      'n-samples': { vstar: counts },
    };
    expect(formatScoreTable(whole)).toMatch(/^vstar +47\.6 +51\.8 +48\.2 +54\.5$/m);
    const part = { ...whole, 'n-samples': { vstar: { ...counts, effective: { flexattn: 190 } } } };
    expect(formatScoreTable(part)).not.toContain('published');
  });

  it('has no second part for one model', () => {
    expect(formatScoreTable({ ...results, comparisons: [] })).not.toContain('difference');
  });
});

describe('scoreRows', () => {
  it('gives a row for each task, metric and model', () => {
    expect(scoreRows(results).map(({ metric, model, isMain }) => [metric, model, isMain])).toEqual([
      ['accuracy_multi', 'low-res', true],
      ['accuracy_multi', 'flexattn', true],
      ['accuracy_multi_strict', 'low-res', false],
      ['accuracy_multi_strict', 'flexattn', false],
    ]);
  });
});
