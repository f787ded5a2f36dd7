import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists } from '@flexattn/stage';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint } from '@flexattn/model-prep';
import { TrainError } from '../errors.js';
import { launchPlan } from '../launch-plan.js';
import type { LaunchPlan } from '../launch-plan.js';
import { preflight } from '../plan.js';
import { trainSettingsSchema } from '../settings.js';
import type { TrainSettings } from '../settings.js';
import type { TokenTotals } from '../token-totals.js';
import type { TrainReport } from '../trainer-log.js';
import type { TrainStep } from '../trainer-line.js';
import { localLauncher } from './launch/local.js';
import { runTraining } from './launch/run-training.js';
import { packageFolder } from './package-folder.js';
import { readTokenTotals } from './read-training-data.js';
import { stateFolder } from './state-folder.js';

export interface TrainOptions {
  /** Shown in progress: the model's name. */
  name?: string | undefined;
  /** The checkpoint to start from; never written to. */
  checkpoint: string;
  /** The folder that `writeTrainingData` wrote. */
  data: string;
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
  /** The interpreter, of `ensurePythonEnvironment`. */
  python: string;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
  /** After every optimiser step. */
  onStep?: ((step: TrainStep) => void) | undefined;
}

/** What a dry run gives: the program that would start, and what was there to be checked. */
export interface TrainPlan {
  plan: LaunchPlan;
  checked: ('settings' | 'checkpoint' | 'data')[];
}

/**
 * Trains and writes a checkpoint in the base's layout, with `metrics.jsonl` beside its weights. `out` appears
 * complete or not at all. The same seed, threads and machine give the same bytes.
 *
 * @throws TrainError BAD_SETTINGS, NOT_INITIALISED, NO_ANSWERS, BAD_TOKENS, OUT_EXISTS before the start,
 *   TRAINING_FAILED with the trainer's own error; StageError INTERRUPTED; ModelPrepError for the checkpoint
 */
export function train(options: TrainOptions & { dryRun: true }): Promise<TrainPlan>;
export function train(options: TrainOptions & { dryRun?: false }): Promise<TrainReport>;
export async function train(options: TrainOptions & { dryRun?: boolean }): Promise<TrainPlan | TrainReport> {
  const settings = parseSettings(options.settings);
  const plan = launchPlan({ ...options, packageFolder }, settings);
  const dryRun = options.dryRun ?? false;
  const checkpoint =
    dryRun && !(await pathExists(options.checkpoint)) ? undefined : await openCheckpoint(options.checkpoint);
  const tokens = join(options.data, 'tokens.jsonl');
  const totals =
    checkpoint === undefined || (dryRun && !(await pathExists(tokens)))
      ? undefined
      : await totalsOf(tokens, checkpoint, options);
  refuse(settings, checkpoint, totals, options);
  if (dryRun) {
    const found = [checkpoint && ('checkpoint' as const), totals && ('data' as const)];
    return { plan, checked: ['settings', ...found.filter((part) => part !== undefined)] };
  }
  if (await pathExists(options.out))
    throw new TrainError('OUT_EXISTS', 'expected a new folder, got one that exists', {
      file: options.out,
      hint: 'remove it, or choose another',
    });
  if (options.states === undefined || checkpoint === undefined)
    return runTraining(localLauncher, plan, settings, options);
  const states = await stateFolder(options.states, { settings, checkpoint, tokens });
  const resumable = launchPlan({ ...options, packageFolder, states }, settings);
  const report = await runTraining(localLauncher, resumable, settings, options);
  await rm(states, { recursive: true, force: true });
  return report;
}

function parseSettings(settings: TrainSettings): TrainSettings {
  const result = trainSettingsSchema.safeParse(settings);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new TrainError('BAD_SETTINGS', issues.join('; '), { item: 'train', hint: 'correct these settings' });
}

function totalsOf(file: string, { config }: Checkpoint, options: TrainOptions): Promise<TokenTotals> {
  const { vision } = config;
  const { settings, images, signal } = options;
  const imageTokens = vision === undefined ? 576 : (vision.image_size / vision.patch_size) ** 2;
  return readTokenTotals(file, { images, imageTokens, modelMaxLength: settings.modelMaxLength, signal });
}

/** Throws the first problem; the rest is in its text. */
function refuse(
  settings: TrainSettings,
  checkpoint: Checkpoint | undefined,
  totals: TokenTotals | undefined,
  options: TrainOptions,
): void {
  const facts = checkpoint && {
    tensors: new Set(checkpoint.tensors.keys()),
    layers: checkpoint.config.num_hidden_layers,
    selectFromLayer: checkpoint.config.extra?.selectFromLayer,
  };
  const problems = preflight(settings, facts, totals);
  const [first] = problems;
  if (first === undefined) return;
  const places = { BAD_SETTINGS: 'train', NOT_INITIALISED: options.checkpoint, NO_ANSWERS: options.data };
  throw new TrainError(first.code, problems.map(({ what }) => what).join('; '), {
    file: places[first.code],
    hint: first.hint,
  });
}
