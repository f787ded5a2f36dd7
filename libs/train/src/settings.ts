import { z } from 'zod';

const count = z.number().int().positive();
const patterns = z.array(z.string().min(1));

/** Low-rank updates of the decoder's projections (arXiv 2106.09685), merged into the weights at the end. */
const loraSchema = z.strictObject({
  rank: count,
  /** The update counts alpha / rank times. */
  alpha: z.number().positive(),
  targets: patterns.default(['q_proj', 'k_proj', 'v_proj', 'o_proj']),
});

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
  /** Peaks of parts of the model by name pattern, the first that fits; `learningRate` is the rest's. */
  learningRates: z.record(z.string().min(1), z.number().positive()).default({}),
  /** Steps of linear warm-up; half a cosine down to zero follows. */
  warmupSteps: z.number().int().nonnegative(),
  /** Of matrices; biases and norms do not decay. */
  weightDecay: z.number().nonnegative(),
  /** Norm that gradients are clipped to. */
  maxGradNorm: z.number().positive().default(1),
  /** What is trained: dotted parts of parameter names (`k_proj_hd`, `model.layers.0`), each part may be a glob. */
  train: patterns.min(1).default(['*']),
  /** What of it stays as it is. */
  freeze: patterns.default(['vision_tower']),
  lora: loraSchema.nullable().default(null),
  seed: z.number().int().nonnegative(),
  /** Of products; weights and optimiser are float32 in any case. float16 scales the loss. */
  precision: z.enum(['float32', 'bfloat16', 'float16']).default('float32'),
  /** Computes a layer's activations again in the backward pass instead of keeping them. */
  activationCheckpointing: z.boolean().default(false),
  /** `full`: every process keeps its part of weights, gradients and optimiser (FSDP2); `none`: all of them. */
  sharding: z.enum(['none', 'full']).default('none'),
  /** A loss or gradient that is not a number ends the run and names the samples, or its step is left out. */
  onNaN: z.enum(['stop', 'skip']).default('stop'),
  /** CPU threads of each process. */
  threads: count,
  /** Processes on this machine: one for each GPU. More than one start under `torch.distributed.run`. */
  processes: count,
  /** Positions of a sequence, image tokens included; what is beyond is cut, as LLaVA does. */
  modelMaxLength: count,
  /** Memory of each process for the features of pictures whose tower is frozen; 0 computes them at every use. */
  featureCacheMegabytes: z.number().int().nonnegative().default(4000),
  /**
   * Keeps features of a frozen tower on disk too, in a folder that any number of runs and processes share: 12 MB a
   * picture for LLaVA-1.5 at half precision. A path starts where the trainer does, in a configuration from the
   * workspace. null: no.
   */
  featureCacheFolder: z.string().min(1).nullable().default(null),
  /** Steps between states to resume from; 0 keeps none but on Ctrl-C. */
  saveEverySteps: z.number().int().nonnegative().default(0),
  /** The last states that are kept. */
  keepStates: count.default(2),
  /** TensorBoard event files go to a folder in here, where Python has the package `tensorboard`. null: none. */
  tensorboardFolder: z.string().min(1).nullable().default(null),
});

/** Settings with every default filled in. */
export type TrainSettings = z.output<typeof trainSettingsSchema>;
