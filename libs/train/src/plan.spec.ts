import { describe, expect, it } from 'vitest';
import { preflight } from './plan.js';
import type { CheckpointFacts } from './plan.js';
import { tinySettings } from './settings.fixture.js';
import { noTotals } from './token-totals.js';

const initialised: CheckpointFacts = {
  tensors: new Set(
    [2, 3].flatMap((layer) => ['k', 'v'].map((k) => `model.layers.${layer}.self_attn.${k}_proj_hd.weight`)),
  ),
  layers: 4,
  selectFromLayer: 1,
};
const someData = { ...noTotals(), samples: 3, answerTokens: 9, longest: 90 };

describe('preflight', () => {
  it('accepts settings, a checkpoint and data that fit together', () => {
    expect(preflight(tinySettings, initialised, someData)).toEqual([]);
  });

  it('accepts what is not there yet', () => {
    expect(preflight(tinySettings)).toEqual([]);
  });

  it.each([
    [
      'a batch that processes and micro batches do not divide',
      { batchSize: 6, microBatchSize: 4 },
      /multiple of .* = 4, got 6/,
    ],
    [
      'a batch that two processes do not divide',
      { batchSize: 4, microBatchSize: 4, processes: 2 },
      /= 8, got 4/,
    ],
    ['more warm-up than steps', { steps: 3, warmupSteps: 4 }, /at most steps = 3, got 4/],
  ])('refuses %s', (_, change, message) => {
    const problems = preflight({ ...tinySettings, ...change }, initialised, someData);
    expect(problems.map(({ code }) => code)).toEqual(['BAD_SETTINGS']);
    expect(problems[0]?.what).toMatch(message);
  });

  it.each([
    ['without an extra', { ...initialised, selectFromLayer: undefined }, /no `extra`/],
    [
      'without projections',
      { ...initialised, tensors: new Set<string>() },
      /layers\.2\.self_attn\.k_proj_hd/,
    ],
    [
      'whose layer 2 uses them but has none',
      { ...initialised, layers: 5 },
      /layers\.4\.self_attn\.k_proj_hd/,
    ],
  ])(
    'refuses to train high resolution on a checkpoint %s, but trains low resolution',
    (_, facts, message) => {
      const [problem, ...more] = preflight(tinySettings, facts, someData);
      expect(problem).toMatchObject({
        code: 'NOT_INITIALISED',
        what: expect.stringMatching(message) as string,
      });
      expect(more).toEqual([]);
      expect(preflight({ ...tinySettings, highres: false }, facts, someData)).toEqual([]);
    },
  );

  it.each([
    ['no answers', { samples: 0 }, 'NO_ANSWERS'],
    ['answers out of reach', { dropped: { TOO_LONG: 2 } }, 'BAD_SETTINGS'],
  ])('refuses data with %s', (_, change, code) => {
    expect(preflight(tinySettings, initialised, { ...someData, ...change }).map((p) => p.code)).toEqual([
      code,
    ]);
  });
});
