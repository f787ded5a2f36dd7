import { rm } from 'node:fs/promises';
import { createProgress, tellLine } from '@flexattn/stage';
import type { TrainSettings } from '../../settings.js';
import { trainReport, TrainerLog } from '../../trainer-log.js';
import type { TrainReport } from '../../trainer-log.js';
import type { TrainStep } from '../../trainer-line.js';
import { LaunchFailure } from './launcher.js';
import type { Launch } from './launcher.js';

/** After Ctrl-C the trainer ends its step and writes a state, which is gigabytes for a 7B model. */
export const GRACE_MS = 600_000;

export interface FollowOptions {
  name?: string | undefined;
  out: string;
  states?: string | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
  onStep?: ((step: TrainStep) => void) | undefined;
}

/** Starts the trainer, shows its steps, and tells what it did; TrainError TRAINING_FAILED with what it said last. */
export async function runTraining(
  launch: Launch,
  settings: TrainSettings,
  { name, out, states, signal, quiet = false, onStep }: FollowOptions,
): Promise<TrainReport> {
  const label = name === undefined ? 'train' : `train ${name}`;
  const progress = createProgress({ label, total: settings.steps, unit: 'steps', quiet });
  const log = new TrainerLog(
    (step) => {
      progress.advance(1, step.loss === null ? 'left out' : `loss ${step.loss.toFixed(3)}`);
      onStep?.(step);
    },
    (steps) => progress.advance(steps, 'resumed'),
  );
  try {
    await launch({
      signal,
      ...(states === undefined ? {} : { graceMs: GRACE_MS }),
      onLine: (line) => log.add(line),
      say: (line) => void (quiet || tellLine(`${label}: ${line}`)),
    });
    const report = trainReport(log, settings);
    progress.finish(`loss ${report.lastLoss.toFixed(3)}`);
    return report;
  } catch (cause) {
    progress.finish('stopped');
    await rm(`${out}.partial`, { recursive: true, force: true });
    throw cause instanceof LaunchFailure ? log.failure(cause) : cause;
  }
}
