import type { LlavaConfig } from '@flexattn/model-prep';
import { describe, expect, it } from 'vitest';
import { attendingLayers, geometryOf, selectingLayers } from './geometry.js';

const config: LlavaConfig = {
  model_type: 'llava',
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  vocab_size: 32000,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
  tie_word_embeddings: false,
  mm_vision_tower: 'clip',
  extra: { lowresSize: 336, highresSize: 1008, zoomRatio: 3, threshold: 48, warmup: 10, selectFromLayer: 8 },
  vision: {
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    patch_size: 14,
    image_size: 336,
    layer_norm_eps: 1e-5,
  },
};
const without = (...keys: (keyof LlavaConfig)[]): LlavaConfig => {
  const copy = { ...config };
  for (const key of keys) delete copy[key as 'extra' | 'vision'];
  return copy;
};

describe('geometryOf', () => {
  it('knows the grids of LLaVA-1.5-7B: 24 x 24 and 72 x 72', () => {
    const geometry = geometryOf(config, { selection: 'attention' }, 'config.json');
    expect([geometry.size, geometry.hd, geometry.headDim]).toEqual([24, 72, 128]);
    expect(selectingLayers(geometry)).toEqual([8, ...attendingLayers(geometry)]);
    expect(attendingLayers(geometry)).toHaveLength(23);
  });

  it('runs a checkpoint without `extra` as plain LLaVA, but not with attention', () => {
    const geometry = geometryOf(without('extra'), { selection: 'none' }, 'config.json');
    expect([geometry.highresSize, selectingLayers(geometry), attendingLayers(geometry)]).toEqual([
      336,
      [],
      [],
    ]);
    expect(() => geometryOf(without('extra'), { selection: 'attention' }, 'config.json')).toThrow(
      'config.json[extra]',
    );
  });

  it('refuses a first selecting layer that leaves none to attend', () => {
    const shallow = { ...config, num_hidden_layers: 10 };
    expect(attendingLayers(geometryOf(shallow, { selection: 'attention' }, 'config.json'))).toEqual([9]);
    expect(() =>
      geometryOf({ ...shallow, num_hidden_layers: 9 }, { selection: 'attention' }, 'config.json'),
    ).toThrow('expected a value below 8, got 8');
    expect(() =>
      geometryOf({ ...shallow, num_hidden_layers: 9 }, { selection: 'none' }, 'config.json'),
    ).not.toThrow();
  });

  it('refuses a vision tower that is not in the checkpoint', () => {
    const hub = { ...without('vision'), mm_vision_tower: 'openai/clip-vit-large-patch14-336' };
    expect(() => geometryOf(hub, { selection: 'none' }, 'config.json')).toThrow(
      'got "openai/clip-vit-large-patch14-336"',
    );
  });
});
