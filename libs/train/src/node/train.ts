import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingPlan } from '../training-plan.js';
import type { TrainReport } from '../trainer-log.js';
import { launchTraining } from './launch/launch.js';
import { planTraining, refusalOf } from './plan-training.js';
import { stateFolder } from './state-folder.js';
import { parseSettings } from './train-options.js';
import type { PlanOptions, TrainOptions } from './train-options.js';

/**
 * Trains and writes a checkpoint in the base's layout, with `metrics.jsonl` beside its weights. `out` appears
 * complete or not at all. The same seed, threads and machine give the same bytes. With `dryRun` it starts and writes
 * nothing, and gives the plan with everything that a start would be refused for.
 *
 * @throws TrainError with the code of the first of the plan's `problems`, or BAD_TOKENS, before the start;
 *   TRAINING_FAILED with the trainer's own error; StageError INTERRUPTED; ModelPrepError for the checkpoint
 */
export function train(options: PlanOptions & { dryRun: true }): Promise<TrainingPlan>;
export function train(options: TrainOptions & { dryRun?: false }): Promise<TrainReport>;
export async function train(
  options: PlanOptions & { dryRun?: boolean },
): Promise<TrainingPlan | TrainReport> {
  const isStart = options.dryRun !== true;
  const { plan, found } = await planTraining(options, { isStart });
  if (!isStart) return plan;
  const refusal = refusalOf(plan, options);
  if (refusal !== undefined) throw refusal;
  const settings = parseSettings(options.settings);
  if (options.states === undefined || found === undefined) return launchTraining(options, settings);
  const { checkpoint } = found;
  const tokens = join(options.data, 'tokens.jsonl');
  const states = await stateFolder(options.states, { settings, checkpoint, tokens });
  const report = await launchTraining({ ...options, states }, settings);
  await rm(states, { recursive: true, force: true });
  return report;
}
