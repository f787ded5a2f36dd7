import { z } from 'zod';

const count = z.number().int().positive();

/** One training run. The trainer (`python/flexattn_train/settings.py`) takes the same names. */
export const trainSettingsSchema = z.strictObject({
  /** Answer rows look at high-resolution tokens (FlexAttention); false is plain LLaVA. */
  highres: z.boolean(),
  /** Optimiser steps. */
  steps: count,
  /** Samples of one optimiser step, over all processes. */
  batchSize: count,
  /** Samples that one process computes at a time; the rest is gradient accumulation. */
  microBatchSize: count,
  /** Peak, AdamW. */
  learningRate: z.number().positive(),
  /** Steps of linear warm-up; half a cosine down to zero follows. */
  warmupSteps: z.number().int().nonnegative(),
  /** Of matrices; biases and norms do not decay. */
  weightDecay: z.number().nonnegative(),
  /** Norm that gradients are clipped to. */
  maxGradNorm: z.number().positive().default(1),
  /** Dotted parts of parameter names that stay as they are: `vision_tower`, `model.layers.0`; each part may be a glob. */
  freeze: z.array(z.string().min(1)).default(['vision_tower']),
  seed: z.number().int().nonnegative(),
  /** Of products; weights and optimiser are float32 in any case. */
  precision: z.enum(['float32', 'bfloat16']).default('float32'),
  /** CPU threads of each process. */
  threads: count,
  /** Processes on this machine: one for each GPU. More than one start under `torch.distributed.run`. */
  processes: count,
  /** Positions of a sequence, image tokens included; what is beyond is cut, as LLaVA does. */
  modelMaxLength: count,
  /** Memory of each process for the features of pictures whose tower is frozen; 0 computes them at every use. */
  featureCacheMegabytes: z.number().int().nonnegative().default(4000),
});

/** Settings with every default filled in. */
export type TrainSettings = z.output<typeof trainSettingsSchema>;
