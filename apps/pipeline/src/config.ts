import { z } from 'zod';
import { trainSettingsSchema } from '@flexattn/train';

const modelSchema = z.strictObject({
  /** Its name in scores and folders. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'use letters, digits, ".", "_" and "-"'),
  /** Whether it is fine-tuned first, or answers as `init` left it. */
  trained: z.boolean(),
  /** `attention`: FlexAttention; `none`: plain LLaVA on the low-resolution input alone. */
  selection: z.enum(['attention', 'none']),
});

const benchmarkSchema = z.strictObject({ path: z.string(), protocol: z.string().optional() });

/** One JSON file a run. Paths start from the workspace (the folder of `nx.json`). */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  data: z.strictObject({ annotations: z.string(), images: z.string() }),
  /** A LLaVA-1.5 checkpoint folder. */
  checkpoint: z.string(),
  clean: z
    .strictObject({
      verify: z.enum(['exists', 'header']).default('header'),
      textOnly: z.enum(['placeholder', 'keep', 'drop']).default('placeholder'),
    })
    .prefault({}),
  init: z.strictObject({ extra: z.record(z.string(), z.string()) }),
  models: z
    .array(modelSchema)
    .min(1)
    .refine(
      (models) => new Set(models.map(({ name }) => name)).size === models.length,
      'two models have the same name',
    ),
  train: trainSettingsSchema.omit({ highres: true }).extend({ python: z.string().optional() }),
  infer: z.strictObject({ threads: z.number().int().positive().default(2) }).prefault({}),
  eval: z.strictObject({
    benchmarks: z.record(z.string(), benchmarkSchema),
    /** Of the bootstrap. */
    seed: z.number().int().nonnegative().default(1),
  }),
  report: z.strictObject({ samples: z.number().int().nonnegative().default(12) }).prefault({}),
});

/** A run's configuration, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/** One of the models that a run compares. */
export type ModelConfig = Config['models'][number];
