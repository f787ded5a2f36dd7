import { describe, expect, it } from 'vitest';
import { taskScore } from './evaluated-model.fixture.js';
import { publishedFigures } from './published-figures.js';

function vstarResults(effective: number, metric: string, original = 191) {
  const score = taskScore(metric, effective, 0.5);
  return {
    models: ['flexattn'],
    results: { flexattn: { vstar: score, vstar_direct_attributes: score } },
    'n-samples': {
      vstar: { published: 191, original, rejected: 0, effective: { flexattn: effective } },
    },
  };
}

describe('publishedFigures', () => {
  it('has the figures of a benchmark that was scored whole, and of its parts', () => {
    const figures = publishedFigures(vstarResults(191, 'accuracy_plain'));
    expect(figures).toEqual([
      {
        task: 'vstar',
        metric: 'accuracy_plain',
        llava: 47.6,
        llavaHd: 51.8,
        crossAttention: 48.2,
        flexAttention: 54.5,
      },
      {
        task: 'vstar_direct_attributes',
        metric: 'accuracy_plain',
        llava: 41.7,
        llavaHd: 45.2,
        crossAttention: 42.6,
        flexAttention: 47.8,
      },
    ]);
  });

  it.each([
    ['an item is missing', vstarResults(190, 'accuracy_plain')],
    ['there are more items', vstarResults(191, 'accuracy_plain', 200)],
    ['the metric is another', vstarResults(191, 'accuracy_letters')],
  ])('has none where %s', (_, results) => {
    expect(publishedFigures(results)).toEqual([]);
  });
});
