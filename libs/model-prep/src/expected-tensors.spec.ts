import { describe, expect, it } from 'vitest';
import { CONFIG, decoderTensors, visionTensors, VISION } from './checkpoint.fixture.js';
import { checkTensors, VISION_PREFIX } from './expected-tensors.js';
import { parseLlavaConfig, parseVisionConfig } from './llava-config.js';

const config = {
  ...parseLlavaConfig(CONFIG, 'config.json'),
  vision: parseVisionConfig(VISION, 'clip/config.json'),
};
const all = (bias = false) =>
  new Map(
    [...decoderTensors({ bias }), ...visionTensors(VISION_PREFIX)].map(([name, { shape }]) => [
      name,
      { shape, file: 'model.safetensors' },
    ]),
  );
const changed = (name: string, shape: number[] | undefined) => {
  const tensors = all();
  if (shape) tensors.set(name, { shape, file: 'model.safetensors' });
  else tensors.delete(name);
  return tensors;
};
const K = 'model.layers.3.self_attn.k_proj.weight';
const HD = 'model.layers.3.self_attn.v_proj_hd.weight';

describe('checkTensors', () => {
  it('accepts a checkpoint with biases or without, with its vision tower or without', () => {
    expect(() => checkTensors(config, all(), 'dir')).not.toThrow();
    expect(() => checkTensors(config, all(true), 'dir')).not.toThrow();
    const decoder = new Map([...all()].filter(([name]) => !name.startsWith(VISION_PREFIX)));
    expect(() => checkTensors(config, decoder, 'dir')).not.toThrow();
    expect(() => checkTensors(config, changed(HD, [4, 8]), 'dir')).not.toThrow();
  });

  it('asks for no lm_head where the word embeddings are tied', () => {
    const tensors = changed('lm_head.weight', undefined);
    expect(() => checkTensors({ ...config, tie_word_embeddings: true }, tensors, 'dir')).not.toThrow();
    expect(() => checkTensors(config, tensors, 'dir')).toThrow(
      /^dir\[lm_head\.weight\]: .*\[16, 8\], got none.*TENSOR_MISSING/,
    );
  });

  it.each([
    [
      K,
      [8, 8],
      /model\.safetensors\[.*3\.self_attn\.k_proj.*asks for shape \[4, 8\], got \[8, 8\].*SHAPE_MISMATCH/,
    ],
    [K, [4, 8, 1], /got \[4, 8, 1\].*SHAPE_MISMATCH/],
    [K, undefined, /expected a tensor \[4, 8\], got none.*TENSOR_MISSING/],
    [HD, [8, 4], /v_proj_hd\.weight.*\[4, 8\], got \[8, 4\].*SHAPE_MISMATCH/],
    ['model.layers.0.self_attn.k_proj.bias', [8], /\[4\], got \[8\].*SHAPE_MISMATCH/],
    ['model.embed_tokens.weight', [17, 8], /\[16, 8\], got \[17, 8\].*SHAPE_MISMATCH/],
    ['model.mm_projector.0.weight', [8, 5], /\[8, 4\], got \[8, 5\].*SHAPE_MISMATCH/],
    [
      `${VISION_PREFIX}vision_model.embeddings.position_embedding.weight`,
      [11, 4],
      /\[10, 4\], got \[11, 4\]/,
    ],
    [`${VISION_PREFIX}vision_model.encoder.layers.0.mlp.fc1.bias`, undefined, /TENSOR_MISSING/],
    [
      'model.layers.11.self_attn.k_proj.weight',
      [4, 8],
      /num_hidden_layers\]: expected 11 .*hold 12.*LAYER_COUNT/,
    ],
  ])('refuses %s of shape %j', (name, shape, message) => {
    expect(() => checkTensors(config, changed(name, shape), 'dir')).toThrow(message);
  });

  it('asks for biases, or for none, where config.json says so', () => {
    const biased = { ...config, attention_bias: true };
    const queries = [...all(true)].flatMap(([name, tensor]): [string, typeof tensor][] =>
      /k_proj\.bias$/.test(name) && !name.includes('vision')
        ? [
            [name.replace('k_proj', 'q_proj'), { ...tensor, shape: [8] }],
            [name.replace('k_proj', 'o_proj'), { ...tensor, shape: [8] }],
          ]
        : [],
    );
    expect(() => checkTensors(biased, new Map([...all(true), ...queries]), 'dir')).not.toThrow();
    expect(() => checkTensors(biased, all(true), 'dir')).toThrow(/q_proj\.bias\]: .*TENSOR_MISSING/);
    const plain = { ...config, attention_bias: false };
    expect(() => checkTensors(plain, all(), 'dir')).not.toThrow();
    expect(() => checkTensors(plain, all(true), 'dir')).toThrow(
      /attention_bias\]: expected no biases.*k_proj\.bias.*BAD_CONFIG/,
    );
  });

  it('refuses weights of fewer layers than config.json says', () => {
    const tensors = new Map([...all()].filter(([name]) => !name.startsWith('model.layers.10.')));
    expect(() => checkTensors(config, tensors, 'dir')).toThrow(
      /expected 11 decoder layers, the weights hold 10/,
    );
  });
});
