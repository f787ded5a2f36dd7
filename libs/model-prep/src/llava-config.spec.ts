import { describe, expect, it } from 'vitest';
import { CONFIG, EXTRA, VISION } from './checkpoint.fixture.js';
import { parseLlavaConfig, parseVisionConfig } from './llava-config.js';

const parse = (changes: Record<string, unknown>) =>
  parseLlavaConfig({ ...CONFIG, ...changes }, 'config.json');
const extra = (changes: Record<string, unknown>) => ({ extra: { ...EXTRA, ...changes } });

describe('parseLlavaConfig', () => {
  it('reads numbers that are strings, and fills in the published defaults', () => {
    const { lowres_size, highres_size, zoom_ratio } = EXTRA;
    expect(parse({ extra: { lowres_size, highres_size, zoom_ratio } }).extra).toEqual({
      lowresSize: 6,
      highresSize: 18,
      zoomRatio: 3,
      threshold: 64,
      warmup: 3,
      selectFromLayer: 8,
    });
    expect(parse(extra({ threshold: 48, warmup: '0.5', select_from_layer: '1' })).extra).toMatchObject({
      threshold: 48,
      warmup: 0.5,
      selectFromLayer: 1,
    });
  });

  it('fills in what LLaMA files leave out', () => {
    expect(parse({ num_key_value_heads: undefined, pad_token_id: null })).toMatchObject({
      num_key_value_heads: 4,
      rope_theta: 10000,
      bos_token_id: 1,
      eos_token_id: 2,
      pad_token_id: 0,
      tie_word_embeddings: false,
    });
    expect(parse({})).not.toHaveProperty('extra');
  });

  it('takes the keys of a published LLaVA-1.5-7B file', () => {
    const published = {
      ...{ model_type: 'llava', hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32 },
      ...{ num_attention_heads: 32, num_key_value_heads: 32, vocab_size: 32000, rms_norm_eps: 1e-5 },
      ...{
        hidden_act: 'silu',
        rope_scaling: null,
        mm_projector_type: 'mlp2x_gelu',
        mm_vision_select_layer: -2,
      },
      ...{ mm_vision_select_feature: 'patch', image_aspect_ratio: 'pad', mm_use_im_start_end: false },
      ...{ mm_vision_tower: 'openai/clip-vit-large-patch14-336', max_length: 4096, use_cache: true },
    };
    expect(parseLlavaConfig(published, 'config.json').hidden_size).toBe(4096);
  });

  it.each([
    ['a model of another kind', { model_type: 'llama' }, /expected model_type .*"llama".*NOT_A_CHECKPOINT/],
    ['no model_type', { model_type: undefined }, /got none.*NOT_A_CHECKPOINT/],
    [
      'a missing key',
      { hidden_size: undefined },
      /hidden_size: .*expected number, received undefined.*BAD_CONFIG/,
    ],
    [
      'two missing keys',
      { vocab_size: undefined, rms_norm_eps: undefined },
      /vocab_size: .*; rms_norm_eps: /,
    ],
    ['a string for a size', { hidden_size: '8' }, /hidden_size: .*received string/],
    ['no layers', { num_hidden_layers: 0 }, /num_hidden_layers: /],
    ['half a layer', { num_hidden_layers: 10.5 }, /num_hidden_layers: /],
    [
      'heads that do not divide the size',
      { num_attention_heads: 3 },
      /num_attention_heads: expected a divisor/,
    ],
    [
      'key-value heads that do not divide the heads',
      { num_key_value_heads: 3 },
      /num_key_value_heads: .*divisor/,
    ],
    [
      'heads of another size than the others imply',
      { head_dim: 4 },
      /head_dim: expected hidden_size \/ num_attention_heads/,
    ],
    ['a word for a flag', { attention_bias: 'false' }, /attention_bias: /],
    ['another activation', { hidden_act: 'gelu' }, /hidden_act: .*"silu"/],
    ['scaled positions', { rope_scaling: { type: 'linear', factor: 2 } }, /rope_scaling: .*linear, dynamic/],
    [
      'positions scaled in the newer way',
      { rope_parameters: { rope_type: 'dynamic', factor: 2 } },
      /rope_parameters\.rope_type: .*linear, dynamic/,
    ],
    ['another projector', { mm_projector_type: 'linear' }, /mm_projector_type: .*mlp2x_gelu/],
    ['another vision layer', { mm_vision_select_layer: -1 }, /mm_vision_select_layer: .*-2/],
    ['another aspect ratio', { image_aspect_ratio: 'square' }, /image_aspect_ratio: .*pad/],
    ['an empty vision tower', { mm_vision_tower: '' }, /mm_vision_tower: /],
    [
      'an extra without sizes',
      { extra: {} },
      /extra\.lowres_size: .*extra\.highres_size: .*extra\.zoom_ratio: /,
    ],
    ['a word for a number', extra({ threshold: 'high' }), /extra\.threshold: expected a number, or a string/],
    ['an empty string for a number', extra({ threshold: '' }), /extra\.threshold: expected a number/],
    ['a hexadecimal number', extra({ threshold: '0x30' }), /extra\.threshold: expected a number/],
    ['a negative string', extra({ warmup: '-1' }), /extra\.warmup: expected a number/],
    ['a threshold beyond the scale', extra({ threshold: '256' }), /extra\.threshold: .*<=255/],
    ['a fraction of a pixel', extra({ lowres_size: '6.5' }), /extra\.lowres_size: .*int/],
    [
      'sizes that do not fit',
      extra({ highres_size: '19' }),
      /extra\.highres_size: expected lowres_size x zoom_ratio/,
    ],
    [
      'a layer that is not there',
      extra({ select_from_layer: '11' }),
      /extra\.select_from_layer: .*num_hidden_layers/,
    ],
  ])('refuses %s', (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
    expect(() => parse(changes)).toThrow(/^config\.json: /);
  });

  it.each([
    ['the largest threshold', extra({ threshold: '255' })],
    ['the last layer', extra({ select_from_layer: '10' })],
    ['one key-value head', { num_key_value_heads: 1 }],
    ['the size of a head', { head_dim: 2, attention_bias: false }],
    ['unknown keys', { transformers_version: '4.31.0', ...extra({ note: 'kept' }) }],
    ['no rope_scaling', { rope_scaling: null }],
    ['rotations in the newer way', { rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }],
  ])('accepts %s', (_, changes) => {
    expect(parse(changes).model_type).toBe('llava_llama');
  });

  it.each([
    [{}, 10000],
    [{ rope_theta: 5e5 }, 5e5],
    [{ rope_parameters: { rope_theta: 1e6 } }, 1e6],
    [{ rope_parameters: null }, 10000],
  ])('rotates by %j with the base %d', (changes, theta) => {
    expect(parse({ rope_theta: undefined, ...changes }).rope_theta).toBe(theta);
  });

  it.each([[null], [[]], ['text'], [7]])('refuses %j as a configuration', (content) => {
    expect(() => parseLlavaConfig(content, 'config.json')).toThrow(/NOT_A_CHECKPOINT/);
  });
});

describe('parseVisionConfig', () => {
  it('reads a vision configuration, alone or inside of CLIP', () => {
    const vision = { ...VISION, layer_norm_eps: 1e-5 };
    expect(parseVisionConfig(VISION, 'f')).toEqual(vision);
    expect(parseVisionConfig({ model_type: 'clip', vision_config: VISION, hidden_size: 9 }, 'f')).toEqual(
      vision,
    );
  });

  it.each([
    ['a missing key', { patch_size: undefined }, /patch_size: /],
    [
      'patches that do not divide the image',
      { image_size: 7 },
      /image_size: expected a multiple of patch_size/,
    ],
    ['another activation', { hidden_act: 'gelu' }, /hidden_act: .*quick_gelu/],
    ['one layer', { num_hidden_layers: 1 }, /num_hidden_layers: expected at least 2/],
    [
      'heads that do not divide the size',
      { num_attention_heads: 3 },
      /num_attention_heads: expected a divisor/,
    ],
  ])('refuses %s', (_, changes, message) => {
    expect(() => parseVisionConfig({ ...VISION, ...changes }, 'f')).toThrow(message);
  });
});
