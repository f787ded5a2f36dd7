import { z } from 'zod';
import { ModelPrepError } from './errors.js';

/** FlexAttention's settings, `extra` in config.json; strings there become numbers here. */
export interface ExtraConfig {
  /** Side of the low- and of the high-resolution input, pixels; high = low x zoom. */
  lowresSize: number;
  highresSize: number;
  zoomRatio: number;
  /** Attention above this selects a region; scale 0 to 255, default 64. */
  threshold: number;
  /** Training only: the high-resolution share grows to 1 over 1 / warmup epochs; default 3. */
  warmup: number;
  /** Index (from 0) of the first decoder layer that selects; layers after it also attend. Default 8, as published. */
  selectFromLayer: number;
}

/** The CLIP vision tower's own config.json. */
export interface VisionConfig {
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Pixels. */
  patch_size: number;
  /** Side of the input, pixels: the same as `extra.lowresSize`. */
  image_size: number;
  layer_norm_eps: number;
}

/** What config.json says, as far as it decides what the model computes. Keys as in the file. */
export interface LlavaConfig {
  model_type: 'llava' | 'llava_llama';
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  vocab_size: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  rope_theta: number;
  bos_token_id: number;
  eos_token_id: number;
  pad_token_id: number;
  tie_word_embeddings: boolean;
  /** Whether the attention's projections have biases; where the file does not say, the weights do. */
  attention_bias?: boolean;
  /** A folder in the checkpoint, an absolute path, or a hub id. */
  mm_vision_tower: string;
  /** Absent in a checkpoint that knows nothing of FlexAttention yet. */
  extra?: ExtraConfig;
  /** Absent where `mm_vision_tower` is not a folder of this machine (a hub id). */
  vision?: VisionConfig;
}

const count = z.number().int().positive();
const tokenId = z.number().int().nonnegative();
/** Numbers are strings in published files: the original reads them from the command line. */
const numeric = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
  z.number('expected a number, or a string that holds one').nonnegative(),
);
const pixels = numeric.pipe(count);

const extraSchema = z
  .object({
    lowres_size: pixels,
    highres_size: pixels,
    zoom_ratio: pixels,
    threshold: numeric.pipe(z.number().int().max(255)).default(64),
    warmup: numeric.default(3),
    select_from_layer: numeric.pipe(tokenId).default(8),
  })
  .refine((extra) => extra.highres_size === extra.lowres_size * extra.zoom_ratio, {
    path: ['highres_size'],
    error: 'expected lowres_size x zoom_ratio',
  })
  .transform((extra): ExtraConfig => ({
    lowresSize: extra.lowres_size,
    highresSize: extra.highres_size,
    zoomRatio: extra.zoom_ratio,
    threshold: extra.threshold,
    warmup: extra.warmup,
    selectFromLayer: extra.select_from_layer,
  }));

/** Leaving a scaling out would change every answer, so the message does not invite to. */
const UNSCALED = 'expected none: models of scaled positions (linear, dynamic or other) are not supported';

/** How transformers 5 writes the base of the rotations and their scaling. */
const rotarySchema = z.object({
  rope_type: z.literal('default', UNSCALED).optional(),
  rope_theta: z.number().positive().optional(),
});

/** Defaults are those of LlamaConfig in transformers, whose files leave them out. */
const configSchema = z
  .object({
    model_type: z.enum(['llava', 'llava_llama']),
    hidden_size: count,
    intermediate_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    num_key_value_heads: count.optional(),
    vocab_size: count,
    max_position_embeddings: count.default(2048),
    rms_norm_eps: z.number().positive(),
    rope_theta: z.number().positive().optional(),
    rope_parameters: rotarySchema.nullish(),
    bos_token_id: tokenId.default(1),
    eos_token_id: tokenId.default(2),
    pad_token_id: tokenId.nullish().transform((id) => id ?? 0),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().optional(),
    head_dim: count.optional(),
    mm_vision_tower: z.string().min(1),
    extra: extraSchema.optional(),
    // One value each is implemented; another one must not pass unnoticed.
    hidden_act: z.literal('silu').optional(),
    rope_scaling: z.null(UNSCALED).optional(),
    mm_projector_type: z.literal('mlp2x_gelu').optional(),
    mm_vision_select_layer: z.literal(-2).optional(),
    mm_vision_select_feature: z.literal('patch').optional(),
    image_aspect_ratio: z.literal('pad').optional(),
    mm_use_im_start_end: z.literal(false).optional(),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'expected a divisor of hidden_size',
  })
  .refine(
    ({ hidden_size, num_attention_heads, head_dim }) =>
      head_dim === undefined || head_dim * num_attention_heads === hidden_size,
    { path: ['head_dim'], error: 'expected hidden_size / num_attention_heads' },
  )
  .refine((config) => config.num_attention_heads % (config.num_key_value_heads ?? 1) === 0, {
    path: ['num_key_value_heads'],
    error: 'expected a divisor of num_attention_heads',
  })
  .refine(({ extra, num_hidden_layers }) => (extra?.selectFromLayer ?? 0) < num_hidden_layers, {
    path: ['extra', 'select_from_layer'],
    error: 'expected a layer of the decoder: below num_hidden_layers (default 8)',
  });

const visionSchema = z
  .object({
    hidden_size: count,
    intermediate_size: count,
    num_hidden_layers: count.min(2, 'expected at least 2: the features are taken before the last layer'),
    num_attention_heads: count,
    patch_size: count,
    image_size: count,
    hidden_act: z.literal('quick_gelu').optional(),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((vision) => vision.hidden_size % vision.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'expected a divisor of hidden_size',
  })
  .refine((vision) => vision.image_size % vision.patch_size === 0, {
    path: ['image_size'],
    error: 'expected a multiple of patch_size',
  });

/**
 * The content of a checkpoint's config.json; keys that change nothing here are ignored.
 *
 * @throws ModelPrepError NOT_A_CHECKPOINT for another model, BAD_CONFIG naming every key that is missing or wrong
 */
export function parseLlavaConfig(content: unknown, file: string): LlavaConfig {
  const type = z.looseObject({ model_type: z.unknown() }).safeParse(content).data?.model_type;
  if (type !== 'llava' && type !== 'llava_llama') {
    const what = `expected model_type "llava" or "llava_llama", got ${JSON.stringify(type) ?? 'none'}`;
    throw new ModelPrepError('NOT_A_CHECKPOINT', what, {
      file,
      hint: 'choose the folder of a LLaVA-1.5 model',
    });
  }
  const config = check(configSchema, content, file);
  const { extra, attention_bias } = config;
  return {
    model_type: config.model_type,
    hidden_size: config.hidden_size,
    intermediate_size: config.intermediate_size,
    num_hidden_layers: config.num_hidden_layers,
    num_attention_heads: config.num_attention_heads,
    num_key_value_heads: config.num_key_value_heads ?? config.num_attention_heads,
    vocab_size: config.vocab_size,
    max_position_embeddings: config.max_position_embeddings,
    rms_norm_eps: config.rms_norm_eps,
    rope_theta: config.rope_theta ?? config.rope_parameters?.rope_theta ?? 10000,
    bos_token_id: config.bos_token_id,
    eos_token_id: config.eos_token_id,
    pad_token_id: config.pad_token_id,
    tie_word_embeddings: config.tie_word_embeddings,
    mm_vision_tower: config.mm_vision_tower,
    ...(attention_bias !== undefined && { attention_bias }),
    ...(extra && { extra }),
  };
}

/**
 * The content of the vision tower's config.json; CLIP's own files keep it under `vision_config`.
 *
 * @throws ModelPrepError BAD_CONFIG naming every key that is missing or wrong
 */
export function parseVisionConfig(content: unknown, file: string): VisionConfig {
  const inner = z.looseObject({ vision_config: z.unknown() }).safeParse(content).data?.vision_config;
  const vision = check(visionSchema, inner ?? content, file);
  return {
    hidden_size: vision.hidden_size,
    intermediate_size: vision.intermediate_size,
    num_hidden_layers: vision.num_hidden_layers,
    num_attention_heads: vision.num_attention_heads,
    patch_size: vision.patch_size,
    image_size: vision.image_size,
    layer_norm_eps: vision.layer_norm_eps,
  };
}

function check<Schema extends z.ZodType>(schema: Schema, content: unknown, file: string): z.output<Schema> {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ModelPrepError('BAD_CONFIG', issues.join('; '), { file, hint: 'correct these keys' });
}
