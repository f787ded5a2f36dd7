import type { z } from 'zod';
import { TrainError } from '../errors.js';
import type { LauncherSettings } from '../launcher-settings.js';
import { trainSettingsSchema } from '../settings.js';
import type { TrainSettings } from '../settings.js';
import type { TrainStep } from '../trainer-line.js';

export interface TrainOptions {
  /** Shown in progress: the model's name. */
  name?: string | undefined;
  /** The checkpoint to start from; never written to. */
  checkpoint: string;
  /** The folder that `writeTrainingData` wrote. */
  data: string;
  /** What the placeholder {data} of an external command stands for: annotations in LLaVA's format; else `data`. */
  annotations?: string | undefined;
  /** The image root. */
  images: string;
  /** The folder of the trained checkpoint; must not exist. */
  out: string;
  /**
   * Where states to resume from are kept: a run of the same settings, data and checkpoint goes on from the newest.
   * Removed when the training ends well. Without it every run starts anew.
   */
  states?: string | undefined;
  settings: TrainSettings;
  /** Who starts the trainer; left out: this machine. */
  launcher?: LauncherSettings | undefined;
  /**
   * Where the launcher keeps its script, the trainer's lines as they come (`trainer.log`, of Slurm `job-ID.log`) and each
   * process's errors; machines of a Slurm job must share it. Left out: nothing is kept, for Slurm `OUT.launch` is taken.
   */
  logs?: string | undefined;
  /** The interpreter, of `ensurePythonEnvironment`. */
  python: string;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
  /** After every optimiser step. */
  onStep?: ((step: TrainStep) => void) | undefined;
}

/** What a plan may be told besides. */
export interface PlanOptions extends TrainOptions {
  /** The checkpoint that `flexattn init` will start from: what is known of it counts while `checkpoint` is not there. */
  base?: string | undefined;
  /** `report.json` of the cleaned data: it tells how many samples there are while `data` is not there. */
  report?: string | undefined;
  /** Gigabytes of each GPU where they are not in this machine. */
  gpuMemoryGigabytes?: number | undefined;
  /** `out` is only where the result will end up: what is there now does not matter. */
  replacesOut?: boolean | undefined;
}

/** Settings with every default filled in; TrainError BAD_SETTINGS names what is wrong. */
export function parseSettings(settings: TrainSettings): TrainSettings {
  return parsed(trainSettingsSchema, settings);
}

/** What a schema makes of a value; TrainError BAD_SETTINGS names what is wrong. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new TrainError('BAD_SETTINGS', issues.join('; '), { item: 'train', hint: 'correct these settings' });
}
