import { describe, expect, it } from 'vitest';
import { compareModels } from './compare.js';
import type { ScoredItem } from './scored-item.js';
import { summariseParts, type Statistics } from './summary.js';

const graded: Statistics = {
  benchmark: 'b',
  protocol: 'plain',
  metrics: [{ name: 'soft_plain', kind: 'graded' }],
  seed: 1,
};
const binary: Statistics = { ...graded, metrics: [{ name: 'accuracy_plain', kind: 'binary' }] };

/** An item of its own picture; score null: an error. */
function scoredItem(i: number, score: number | null, changes: Partial<ScoredItem> = {}): ScoredItem {
  return {
    item: {
      id: `b/${i}`,
      benchmark: 'b',
      category: i % 2 === 0 ? 'even' : 'odd',
      question: 'q',
      picture: { kind: 'file', path: `${i}.png` },
      options: [],
      targets: ['x'],
    },
    text: 'x',
    losses: null,
    cut: false,
    extraction: { value: 'x' },
    scores: score === null ? null : [score],
    error: score === null ? { code: 'BAD_IMAGE', message: 'm' } : null,
    ...changes,
  };
}

describe('summariseParts', () => {
  it('leaves errors out of n and of the mean, and counts them', () => {
    const { b } = summariseParts([scoredItem(0, 1), scoredItem(1, 0), scoredItem(2, null)], binary);
    expect(b).toMatchObject({
      n: 2,
      errors: 1,
      accuracy_plain: 0.5,
      metric: 'accuracy_plain',
      protocol: 'plain',
    });
    expect(b?.accuracy_plain_stderr).toBeCloseTo(0.5, 12);
    expect(b?.interval95).toEqual(b?.accuracy_plain_interval95);
  });

  it('scores each category beside the whole', () => {
    const tasks = summariseParts([scoredItem(1, 1), scoredItem(2, 0), scoredItem(3, 1)], binary);
    expect(Object.keys(tasks)).toEqual(['b', 'b_odd', 'b_even']);
    expect(tasks.b_odd).toMatchObject({ n: 2, accuracy_plain: 1 });
  });

  it('tells empty, unparseable and cut answers apart', () => {
    const { b } = summariseParts(
      [
        scoredItem(0, 0, { text: ' ', extraction: { value: null } }),
        scoredItem(1, 0, { extraction: { value: null } }),
        scoredItem(2, 1, { cut: true }),
        scoredItem(3, 1),
      ],
      binary,
    );
    expect(b).toMatchObject({ empty: 0.25, unparseable: 0.5, cut: 0.25 });
  });

  it('has nothing to say where nothing was scored, instead of 0', () => {
    expect(summariseParts([scoredItem(0, null)], binary).b).toEqual({
      protocol: 'plain',
      metric: 'accuracy_plain',
      n: 0,
      errors: 1,
      unjudged: 0,
      unparseable: null,
      empty: null,
      cut: null,
      interval95: null,
      choices: null,
      positionBias: null,
      accuracy_plain: null,
      accuracy_plain_stderr: null,
      accuracy_plain_interval95: null,
    });
  });

  it('counts answers that nobody judged apart from errors, and scores neither', () => {
    const unjudged = { error: { code: 'NOT_JUDGED', message: 'm' } };
    const { b } = summariseParts(
      [scoredItem(0, 1), scoredItem(1, null), scoredItem(2, null, unjudged)],
      binary,
    );
    expect(b).toMatchObject({ n: 1, errors: 1, unjudged: 1, accuracy_plain: 1 });
  });

  it('does not take scores without spread for certainty', () => {
    const all = [0, 1, 2, 3].map((i) => scoredItem(i, 1));
    expect(summariseParts(all, graded).b?.interval95).toEqual(summariseParts(all, binary).b?.interval95);
    const [low] = summariseParts([...all, scoredItem(4, 0.3)], graded).b?.interval95 ?? [];
    expect(low).toBeLessThan(1);
  });
});

describe('compareModels', () => {
  const first = [0, 1, 2, 3, 4, 5].map((i) => scoredItem(i, 0));
  const second = [1, 1, 1, 1, 1, null].map((score, i) => scoredItem(i, score));
  const models = [
    { model: 'a', scored: first },
    { model: 'b', scored: second },
  ];

  it('pairs the items that both models have scores for', () => {
    const [whole] = compareModels(models, binary);
    expect(whole).toMatchObject({ task: 'b', a: 'a', b: 'b', n: 5, difference: 1, aHigher: 0, bHigher: 5 });
    expect(whole).toMatchObject({ test: 'mcnemar', p: 2 / 32 });
  });

  it('tests graded scores by resampling', () => {
    expect(compareModels(models, graded)[0]).toMatchObject({ test: 'paired-bootstrap', p: 2 / 2001 });
  });

  it('compares categories too, and every pair once', () => {
    const three = [...models, { model: 'c', scored: first }];
    const pairs = compareModels(three, binary).map(({ task, a, b }) => `${task} ${a}-${b}`);
    expect(pairs).toEqual([
      'b a-b',
      'b_even a-b',
      'b_odd a-b',
      'b a-c',
      'b_even a-c',
      'b_odd a-c',
      'b b-c',
      'b_even b-c',
      'b_odd b-c',
    ]);
  });

  it('leaves out a pair without a common item', () => {
    const failed = { model: 'c', scored: first.map((_, i) => scoredItem(i, null)) };
    expect(compareModels([{ model: 'a', scored: first }, failed], binary)).toEqual([]);
  });
});
