import { describe, expect, it } from 'vitest';
import { compareRuns } from './compare-runs.js';
import { formatRunComparison } from './comparison-text.js';
import { evaluated, line } from './evaluated-model.fixture.js';

/** Ten items: the first is wrong, right, right ... by the digits. */
const scores = (digits: string) => [...digits].map((digit, i) => line(i, Number(digit)));
const before = evaluated('old', scores('1111100000'));

describe('compareRuns', () => {
  it('pairs the items, tests the difference, and splits it by category', () => {
    const { comparisons, regressions } = compareRuns(before, evaluated('new', scores('0000010000')));
    expect(comparisons.map(({ task, n, aHigher, bHigher }) => [task, n, aHigher, bHigher])).toEqual([
      ['b', 10, 5, 1],
      ['b_even', 5, 3, 0],
      ['b_odd', 5, 2, 1],
    ]);
    expect(comparisons[0]).toMatchObject({
      a: 'old',
      b: 'new',
      metric: 'accuracy',
      test: 'mcnemar',
      p: 14 / 64,
    });
    expect(comparisons[0]?.difference).toBeCloseTo(-0.4, 12);
    expect(regressions.map(({ task }) => task)).toEqual(['b_even', 'b', 'b_odd']);
  });

  it('does not mind the order of the lines', () => {
    const after = scores('0000010000');
    const turned = compareRuns(before, evaluated('new', [...after].reverse()));
    expect(turned).toEqual(compareRuns(before, evaluated('new', after)));
  });

  it('lists what became right and what became wrong', () => {
    const { flips } = compareRuns(before, evaluated('new', scores('0111110000')));
    expect(flips).toEqual([
      { id: 'b/0', benchmark: 'b', category: 'even', from: 1, to: 0, a: 'right', b: 'wrong' },
      { id: 'b/5', benchmark: 'b', category: 'odd', from: 0, to: 1, a: 'wrong', b: 'right' },
    ]);
  });

  it('draws questions about one picture together', () => {
    const graded = {
      benchmarks: {
        b: { protocol: 'plain', shuffleSeed: null, metrics: [{ name: 'accuracy', kind: 'graded' as const }] },
      },
    };
    const config = { ...before.results.config, ...graded };
    const interval = (picture: (i: number) => string) => {
      const lines = (digits: string) =>
        [...digits].map((digit, i) => line(i, Number(digit), { imageSha256: picture(i) }));
      const a = evaluated('old', lines('1100110011'), { config });
      const b = evaluated('new', lines('1111000011'), { config });
      const [low, high] = compareRuns(a, b).comparisons[0]?.interval95 ?? [0, 0];
      return high - low;
    };
    expect(interval((i) => String(i >> 1))).toBeGreaterThan(1.2 * interval(String));
  });

  it('leaves failed items out of the difference, and names them', () => {
    const { comparisons, failed } = compareRuns(
      before,
      evaluated('new', [line(0, null), ...scores('1111100000').slice(1)]),
    );
    expect(comparisons[0]).toMatchObject({ n: 9, difference: 0 });
    expect(failed).toEqual([{ id: 'b/0', in: 'b', code: 'BAD_IMAGE' }]);
  });

  it('says what else differs', () => {
    const { hashes, config } = before.results;
    const other = { ...config.benchmarks, c: { protocol: 'plain', shuffleSeed: null, metrics: [] } };
    const after = evaluated('new', scores('1111100000'), {
      hashes: { ...hashes, benchmarks: { b: { questions: 'q', prompts: 'other', pictures: 'x' } } },
      config: { ...config, benchmarks: other },
    });
    expect(compareRuns(before, after).notes).toEqual([
      '"c" is in new only',
      '"b": other prompts',
      'both have the same weights',
    ]);
  });

  it.each([
    ['ids that the second lacks', scores('111110000'), {}, /"b\/9" is not in new.*ANSWER_MISSING/],
    ['ids that the first lacks', scores('11111000000'), {}, /"b\/10" is not in old.*ANSWER_MISSING/],
    ['an id twice', [...scores('1111100000'), line(3, 1)], {}, /"b\/3" is twice in new.*ANSWER_DUPLICATE/],
    ['another version', scores('1111100000'), { versions: { b: '2' } }, /another version.*COMPARE_DIFFERENT/],
    [
      'other questions',
      scores('1111100000'),
      {
        hashes: {
          ...before.results.hashes,
          benchmarks: { b: { questions: 'z', prompts: 'p', pictures: 'x' } },
        },
      },
      /another questions in new: expected "q", got "z".*COMPARE_DIFFERENT/,
    ],
    [
      'another protocol',
      scores('1111100000'),
      {
        config: {
          ...before.results.config,
          benchmarks: { b: { protocol: 'ocr', shuffleSeed: null, metrics: [] } },
        },
      },
      /another protocol.*COMPARE_DIFFERENT/,
    ],
    [
      'no common benchmark',
      [],
      { config: { ...before.results.config, benchmarks: {} } },
      /no benchmark in common.*COMPARE_NOTHING/,
    ],
  ])('refuses %s', (_, lines, more, message) => {
    expect(() => compareRuns(before, evaluated('new', lines, more))).toThrow(message);
  });

  it('compares verdicts of one judge only', () => {
    const judged = (label: string, judge: string, verdict: 'yes' | null) =>
      evaluated(label, [line(0, 1, { verdict })], { config: { ...before.results.config, judge } });
    expect(() => compareRuns(judged('a', 'x', 'yes'), judged('b', 'y', 'yes'))).toThrow(/another judge/);
    expect(compareRuns(judged('a', 'x', null), judged('b', 'y', null)).comparisons).not.toEqual([]);
  });
});

describe('formatRunComparison', () => {
  it('shows differences, what fell, and what flipped', () => {
    const text = formatRunComparison(compareRuns(before, evaluated('new', scores('0000010000'))));
    expect(text).toMatch(/^new minus old, on the same items\n/);
    expect(text).toMatch(/^b +accuracy +10 +-40\.0 +-\d+\.\d to \+\d+\.\d +0\.219 +1 +5$/m);
    expect(text).toMatch(/^b_even +accuracy +-60\.0 +0\.250$/m);
    expect(text).toContain('6 items flipped: 1 became right, 5 became wrong\n');
    expect(text).toMatch(/^b\/0 +wrong +"right" +"wrong"$/m);
  });

  it('shows the first twenty flips, and control characters as escapes', () => {
    const many = (score: number) =>
      Array.from({ length: 25 }, (_, i) => line(i, score, { extracted: '\u001b[2J\u202e\u0085' }));
    const text = formatRunComparison(compareRuns(evaluated('a', many(1)), evaluated('b', many(0))));
    expect(text).toContain('... and 5 more: --json lists them');
    expect(text).toContain('"\\u001b[2J\\u202e\\u0085"');
    expect(formatRunComparison(compareRuns(before, before))).toContain('no benchmark or category fell\n');
  });
});
