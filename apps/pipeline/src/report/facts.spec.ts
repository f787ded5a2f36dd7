import { describe, expect, it } from 'vitest';
import { facts } from './facts.js';

const setup = {
  data: { annotations: 'raw.json' },
  checkpoint: 'base',
  init: { extra: { lowres_size: '336', highres_size: '1008' } },
  models: [
    { name: 'base', trained: false, selection: 'none' },
    { name: 'flexattn', trained: true, selection: 'attention' },
  ],
  train: { steps: 5197, batchSize: 128, learningRate: 2e-5, freeze: [], seed: 3 },
} as const;

describe('facts', () => {
  it('tells what was trained on what, and asked what', () => {
    const { markup } = facts({
      setup,
      clean: { samples: 665_298, kept: 665_000, changed: {}, dropped: {} },
      results: {
        'n-samples': {
          vstar: { published: 191, original: 191, rejected: 0, effective: {} },
          other: { published: 10, original: 10, rejected: 4, effective: {} },
        },
      },
    });
    const text = markup.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    expect(text).toContain('665,000 samples kept of 665,298 in raw.json');
    expect(text).toContain('5,197 steps of 128 samples, learning rate 0.00002, seed 3');
    expect(text).toContain('base : as it came, sees the picture in low resolution only (336 px)');
    expect(text).toContain(
      'flexattn : fine-tuned, chooses regions to see in high resolution as well (1008 px)',
    );
    expect(text).toContain('V* (191 questions), other (6 questions), 4 could not be asked');
  });
});
