import type { TaskScore } from '@flexattn/eval';
import { describe, expect, it } from 'vitest';
import { comparableFigures } from './published.js';

function vstarResults(effective: number, metric: string) {
  const score: TaskScore = {
    protocol: 'plain',
    metric,
    n: effective,
    errors: 0,
    unparseable: 0,
    empty: 0,
    cut: 0,
    interval95: null,
  };
  return {
    models: ['flexattn'],
    results: { flexattn: { vstar: score, vstar_direct_attributes: score } },
    'n-samples': {
      vstar: { published: 191, original: 191, rejected: 0, effective: { flexattn: effective } },
    },
  };
}

describe('comparableFigures', () => {
  it('has the figures of a benchmark that was scored whole, and of its parts', () => {
    const figures = comparableFigures(vstarResults(191, 'accuracy_plain'));
    expect(figures).toEqual([
      { task: 'vstar', lowRes: 47.6, flexAttention: 54.5 },
      { task: 'vstar_direct_attributes', lowRes: 41.7, flexAttention: 47.8 },
    ]);
  });

  it.each([
    ['an item is missing', vstarResults(190, 'accuracy_plain')],
    ['the metric is another', vstarResults(191, 'accuracy_letters')],
  ])('has none where %s', (_, results) => {
    expect(comparableFigures(results)).toEqual([]);
  });
});
