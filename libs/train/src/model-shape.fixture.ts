import type { ModelShape } from './model-parameters.js';

/** Four layers, of which those above 1 have high-resolution projections; 9 x 9 low-resolution tokens. */
export const tinyShape: ModelShape = {
  ...{ hidden_size: 32, intermediate_size: 48, num_hidden_layers: 4, vocab_size: 100 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, tied: false, biases: new Set() },
  ...{ zoom: 3, selectFromLayer: 1 },
  vision: {
    ...{ hidden_size: 16, intermediate_size: 24, num_hidden_layers: 3, num_attention_heads: 2 },
    ...{ patch_size: 7, image_size: 63, layer_norm_eps: 1e-5 },
  },
};
