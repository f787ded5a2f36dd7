import { describe, expect, it } from 'vitest';
import {
  decoderElements,
  highResFlops,
  itemCost,
  promptFlops,
  towerElements,
  type CostedModel,
} from './cost.js';
import { DEVICE_SPEEDS, secondsAtLeast } from './device-speed.js';

/** LLaVA-1.5-7B with CLIP ViT-L/14-336. */
const MODEL: CostedModel = {
  ...{ hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32, vocab_size: 32_000 },
  ...{ num_attention_heads: 32, num_key_value_heads: 32, zoom: 3, selectFromLayer: 8 },
  vision: {
    ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, patch_size: 14, image_size: 336 },
  },
};
const ASKED = { text: 130, answer: 1 };
const selected = (share: number) => itemCost(MODEL, { kind: 'selected', share }, ASKED);

describe('itemCost', () => {
  it('counts two operations for each weight and position, attention aside', () => {
    const one = { ...MODEL, vocab_size: 0, num_hidden_layers: 1 };
    expect(promptFlops(one, 1)).toBe(2 * (4 * 4096 ** 2 + 3 * 4096 * 11_008) + 4 * 4096);
    expect(decoderElements(MODEL) / 1e9).toBeCloseTo(6.61, 2);
    expect(towerElements(MODEL) / 1e6).toBeCloseTo(310, -1);
  });

  it('grows with the selected share, by its projections in the layers above the first', () => {
    expect(selected(0.5).first.flops - selected(0).first.flops).toBeCloseTo(
      23 * highResFlops(MODEL, 2592, 1),
      -6,
    );
    const further = (share: number) => selected(share).further;
    // K and V of 5,184 tokens in 23 layers, 2 bytes each
    expect(further(1).bytes - further(0).bytes).toBe(23 * 5184 * 2 * 4096 * 2);
  });

  it.each([
    ['all rows to all tokens', { kind: 'every-row' }, 27.1, 0.05],
    ['one row to all tokens', { kind: 'selected', share: 1 }, 21.3, 0.01],
    ['a plain picture', { kind: 'plain' }, 9.8, 0.01],
    ['a larger plain picture', { kind: 'plain', side: 448 }, 16.4, 0.01],
  ] as const)('%s: %s takes %d TFLOPs', (_, looking, tera, tolerance) => {
    const { first } = itemCost(MODEL, looking, ASKED);
    expect(Math.abs(first.flops / (tera * 1e12) - 1)).toBeLessThan(tolerance);
  });

  it('sums an answer of its first and its further tokens', () => {
    const { first, further, total, vision, prompt, highRes } = itemCost(
      MODEL,
      { kind: 'selected', share: 0.1 },
      { text: 130, answer: 11 },
    );
    expect(first.flops).toBe(vision.flops + prompt.flops + highRes.flops);
    expect(total.bytes).toBeCloseTo(first.bytes + 10 * further.bytes, 0);
  });

  it('reads a third of the keys with a third of their heads', () => {
    const grouped = { ...MODEL, num_attention_heads: 24, num_key_value_heads: 8, hidden_size: 3072 };
    const one = (model: CostedModel, text: number) => itemCost(model, { kind: 'plain' }, { text, answer: 1 });
    const keys = (model: CostedModel) => one(model, 131).further.bytes - one(model, 130).further.bytes;
    expect(keys(grouped)).toBeCloseTo(keys({ ...grouped, num_key_value_heads: 24 }) / 3, 6);
  });
});

describe('secondsAtLeast', () => {
  it.each([
    ['operations', { flops: 312e12, bytes: 1 }, 1],
    ['memory', { flops: 1, bytes: 2 * 2039e9 }, 2],
  ] as const)('is bound by %s', (_, cost, seconds) => {
    expect(secondsAtLeast(cost, DEVICE_SPEEDS['a100-80gb'])).toBe(seconds);
  });
});
