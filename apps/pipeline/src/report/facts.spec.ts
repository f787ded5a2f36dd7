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
      cost: {
        models: {
          flexattn: { epochs: 1, parameters: 7e9, trainedParameters: 6e9, device: 'cuda', processes: 8 },
          here: {
            ...{ epochs: 2, parameters: 8, trainedParameters: 7, device: 'cpu', processes: 1 },
            measured: { seconds: 105.4, memoryMegabytes: 3789.2 },
          },
        },
        answerTokens: 1_000_000,
        longest: 2048,
      },
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
    expect(text).toContain(
      'flexattn: 6,000,000,000 of 7,000,000,000 parameters, 1.0 passes over the data, 8 × cuda; here: 1 min 45 s, at most 3,789 MB of memory, 7 of 8 parameters, 2.0 passes over the data, 1 × cpu; 1,000,000 answer tokens a pass, the longest sample 2,048 tokens',
    );
    expect(text).toContain('V* (191 questions), other (6 questions), 4 could not be asked');
  });
});
