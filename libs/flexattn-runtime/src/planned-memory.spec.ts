import { describe, expect, it } from 'vitest';
import type { CostedModel } from './cost.js';
import { plannedMemory } from './planned-memory.js';

/** LLaVA-1.5-7B with CLIP ViT-L/14-336. */
const MODEL: CostedModel = {
  ...{ hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32, vocab_size: 32_000 },
  ...{ num_attention_heads: 32, num_key_value_heads: 32, zoom: 3, selectFromLayer: 8 },
  vision: {
    ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, patch_size: 14, image_size: 336 },
  },
};
const FLEX = { kind: 'selected', share: 0.1 } as const;

describe('plannedMemory', () => {
  it('holds weights, keys and values, and more with high resolution: its projections and all of its keys', () => {
    const plain = plannedMemory(MODEL, { kind: 'plain' }, 2, 'gpu');
    // 13.5 GB of decoder, table and head, 1.2 GB of tower in 32 bits; keys and values, and room to work
    expect(plain).toBeGreaterThan(13.5e9 + 1.2e9);
    expect(plain).toBeLessThan(17e9);
    const projections = 23 * 2 * 4096 ** 2 * 2;
    const keys = 23 * 2 * 5184 * 4096 * 2;
    expect(plannedMemory(MODEL, FLEX, 2, 'gpu') - plain).toBeCloseTo(projections + keys, -8);
  });

  it.each([
    [
      'a processor widens 16 bits',
      plannedMemory(MODEL, FLEX, 2, 'cpu'),
      plannedMemory(MODEL, FLEX, 2, 'gpu'),
    ],
    ['8 bits are more than 4', plannedMemory(MODEL, FLEX, 1, 'cpu'), plannedMemory(MODEL, FLEX, 0.5, 'cpu')],
    ['16 bits are more than 8', plannedMemory(MODEL, FLEX, 2, 'cpu'), plannedMemory(MODEL, FLEX, 1, 'cpu')],
  ])('%s', (_, more, less) => {
    expect(more).toBeGreaterThan(less);
  });
});
