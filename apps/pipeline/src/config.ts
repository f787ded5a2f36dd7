import { z } from 'zod';
import { benchmarks, namedMetrics, type MetricName } from '@flexattn/eval';
import { checkLauncher, launcherSettingsSchema, trainSettingsSchema } from '@flexattn/train';
import { PRECISIONS, SELECTIONS } from './selections.js';

const modelSchema = z.strictObject({
  /** Its name in scores and folders. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'use letters, digits, ".", "_" and "-"'),
  /** Whether it is fine-tuned first, or answers as `init` left it. */
  trained: z.boolean(),
  /** `attention`: FlexAttention; `none`: plain LLaVA on the low-resolution input alone; the others: ablations. */
  selection: z.enum(SELECTIONS),
  /** Of the picture, for `random` and `centre`. */
  share: z.number().min(0).max(1).optional(),
  /** For `random`. */
  seed: z.number().int().nonnegative().optional(),
  /** Instead of the checkpoint's, on a 0-255 scale. */
  threshold: z.number().nonnegative().optional(),
  /** The first layer that selects, instead of the checkpoint's. */
  selectFromLayer: z.number().int().nonnegative().optional(),
  /** What the weight matrices are stored in. */
  precision: z.enum(PRECISIONS).optional(),
});

const path = z.string().min(1);

/** A figure of `extra`: LLaVA checkpoints hold strings there, people write numbers. */
const figure = z
  .union([z.string().regex(/^\d+$/, 'expected a whole number'), z.number().int().nonnegative()])
  .transform(String);

const extraSchema = z.strictObject({
  lowres_size: figure.optional(),
  highres_size: figure.optional(),
  zoom_ratio: figure.optional(),
  threshold: figure.optional(),
  warmup: figure.optional(),
  select_from_layer: figure.optional(),
});

/** Only the figures that are given: they are merged into the checkpoint's own. */
function withoutUndefined(extra: z.output<typeof extraSchema>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(extra).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

const METRICS = Object.keys(namedMetrics) as MetricName[];

const benchmarksSchema = z
  .record(
    z.string(),
    z.strictObject({
      path,
      protocol: z.string().optional(),
      /** Decides the order of lettered options; null: as in the file. */
      shuffleSeed: z.number().int().nullable().optional(),
      /** A module of one's own; `path` is what its loader gets. */
      module: path.optional(),
      /** How answers are scored where `path` is a JSON lines file of one's own. */
      metric: z.enum(METRICS).optional(),
    }),
  )
  .superRefine((settings, context) => {
    if (Object.keys(settings).length === 0) context.addIssue('expected at least one benchmark');
    for (const [name, { protocol, module, metric }] of Object.entries(settings)) {
      const known = benchmarks.get(name);
      if (module !== undefined || metric !== undefined) {
        if (/^[a-z0-9][a-z0-9._-]*$/i.test(name) && known === undefined) continue;
        context.addIssue(
          `"${name}": give a benchmark of your own another name, of letters, digits, ".", "_" and "-"`,
        );
      } else if (known === undefined) {
        context.addIssue(`no benchmark is named "${name}"; choose of ${[...benchmarks.keys()].join(', ')}`);
      } else if (protocol !== undefined && !known.protocols.includes(protocol)) {
        context.addIssue(`"${name}" has no protocol "${protocol}"; choose of ${known.protocols.join(', ')}`);
      }
    }
  });

const judgeModuleSchema = z.strictObject({
  /** A module of one's own whose default export is a `Judge`: a local model. */
  module: path,
});

const judgeSchema = z.strictObject({
  /** Up to what `/chat/completions` follows. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1),
  /** Requests at once. */
  concurrency: z.number().int().positive().default(8),
  /** For one answer, repetitions included. */
  timeLimitSeconds: z.number().positive().default(120),
});

/** Settings by path (`models.2.threshold`), each with the values that it takes. */
const gridSchema = z.record(z.string().min(1), z.array(z.json()).min(1));

/** One JSON file a run. Paths start from the workspace (the folder of `nx.json`). */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  /** Another configuration, from this file; what stands here is merged over it. */
  extends: path.optional(),
  data: z.strictObject({ annotations: z.union([path, z.array(path).min(1)]), images: path }),
  /** A LLaVA-1.5 checkpoint folder. */
  checkpoint: path,
  clean: z
    .strictObject({
      verify: z.enum(['exists', 'header', 'decode']).default('header'),
      textOnly: z.enum(['placeholder', 'keep', 'drop']).default('placeholder'),
    })
    .prefault({}),
  init: z.strictObject({ extra: extraSchema.transform(withoutUndefined) }),
  models: z
    .array(modelSchema)
    .min(1)
    .refine(
      (models) => new Set(models.map(({ name }) => name)).size === models.length,
      'two models have the same name',
    ),
  train: trainSettingsSchema
    .omit({ highres: true })
    .extend({
      python: path.optional(),
      /** Of each GPU, for the plan, where the GPUs are not in this machine. */
      gpuMemoryGigabytes: z.number().positive().optional(),
      ...launcherSettingsSchema.shape,
    })
    .superRefine(checkLauncher),
  infer: z
    .strictObject({
      /** Of all workers together. */
      threads: z.number().int().positive().default(2),
      /** Processes that answer; the answers are the same for any number. */
      workers: z.number().int().positive().default(1),
      /** Keep how long each answer took: two machines then give other bytes. */
      timing: z.boolean().default(false),
    })
    .prefault({}),
  eval: z.strictObject({
    benchmarks: benchmarksSchema,
    /** Of the bootstrap. */
    seed: z.number().int().nonnegative().default(1),
    /** Who judges free answers; the key of an endpoint comes from `FLEXATTN_JUDGE_KEY` only. */
    judge: z.union([z.literal('none'), judgeSchema, judgeModuleSchema]).default('none'),
  }),
  /** What `flexattn sweep` varies: one grid, or several one after the other; a grid is every combination. */
  sweep: z
    .union([gridSchema, z.array(gridSchema)])
    .default([])
    .transform((grids) => [grids].flat()),
});

/** A run's configuration, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/** One of the models that a run compares. */
export type ModelConfig = Config['models'][number];
