import type { ModelShape } from './model-parameters.js';

/** CLIP ViT-L/14-336, the vision tower of LLaVA-1.5. */
const CLIP_LARGE = {
  ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
  ...{ patch_size: 14, image_size: 336, layer_norm_eps: 1e-5 },
};
const COMMON = {
  ...{ vocab_size: 32_000, vision: CLIP_LARGE, tied: false, biases: new Set<string>() },
  ...{ zoom: 3, selectFromLayer: 8 },
};

/** Shapes of published models (config.json of liuhaotian/llava-v1.5-7b and -13b), with FlexAttention as published. */
const PUBLISHED: Readonly<Record<string, ModelShape>> = {
  'llava-v1.5-7b': {
    ...COMMON,
    ...{ hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, num_key_value_heads: 32 },
  },
  'llava-v1.5-13b': {
    ...COMMON,
    ...{ hidden_size: 5120, intermediate_size: 13_824, num_hidden_layers: 40 },
    ...{ num_attention_heads: 40, num_key_value_heads: 40 },
  },
};

/** The shape of a published model by the name of its folder, for a plan before it is downloaded. */
export function publishedShape(name: string): ModelShape | undefined {
  return Object.hasOwn(PUBLISHED, name) ? PUBLISHED[name] : undefined;
}
