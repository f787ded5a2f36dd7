import type { TrainSettings } from './settings.js';
import type { TokenTotals } from './token-totals.js';

/** What the checkpoint says that the settings must agree with. */
export interface CheckpointFacts {
  tensors: ReadonlySet<string>;
  layers: number;
  /** Absent where the checkpoint has no FlexAttention configuration. */
  selectFromLayer: number | undefined;
}

/** Something that would make training fail or be in vain. */
export interface Problem {
  code: 'BAD_SETTINGS' | 'NOT_INITIALISED' | 'NO_ANSWERS';
  what: string;
  hint: string;
}

/** Everything that can be known to be wrong before the trainer starts; what is not known yet is not looked at. */
export function preflight(
  settings: TrainSettings,
  checkpoint?: CheckpointFacts,
  data?: TokenTotals,
): Problem[] {
  const problems = [...settingsProblems(settings)];
  if (checkpoint !== undefined && settings.highres) problems.push(...highResProblems(checkpoint));
  if (data !== undefined) problems.push(...dataProblems(data, settings));
  return problems;
}

function* settingsProblems({
  batchSize,
  processes,
  microBatchSize,
  warmupSteps,
  steps,
}: TrainSettings): Generator<Problem> {
  const together = processes * microBatchSize;
  if (batchSize % together !== 0) {
    const what = `batchSize: expected a multiple of processes x microBatchSize = ${processes} x ${microBatchSize} = ${together}, got ${batchSize}`;
    yield { code: 'BAD_SETTINGS', what, hint: 'change one of the three' };
  }
  if (warmupSteps > steps) {
    const what = `warmupSteps: expected at most steps = ${steps}, got ${warmupSteps}`;
    yield { code: 'BAD_SETTINGS', what, hint: 'lower warmupSteps' };
  }
}

function* highResProblems({ tensors, layers, selectFromLayer }: CheckpointFacts): Generator<Problem> {
  const hint = 'run `flexattn init` on it first';
  if (selectFromLayer === undefined) {
    yield {
      code: 'NOT_INITIALISED',
      what: 'config.json has no `extra`: FlexAttention is not configured',
      hint,
    };
    return;
  }
  for (let layer = selectFromLayer + 1; layer < layers; layer += 1) {
    for (const name of ['k_proj_hd', 'v_proj_hd']) {
      const tensor = `model.layers.${layer}.self_attn.${name}.weight`;
      if (tensors.has(tensor)) continue;
      yield { code: 'NOT_INITIALISED', what: `tensor ${tensor} is missing`, hint };
      return;
    }
  }
}

function* dataProblems(
  { samples, dropped }: TokenTotals,
  { modelMaxLength }: TrainSettings,
): Generator<Problem> {
  if (samples === 0) {
    const what = 'expected samples with an answer, got none: every answer span is empty';
    yield { code: 'NO_ANSWERS', what, hint: 'are there turns of "gpt" in the annotations?' };
  }
  const tooLong = dropped['TOO_LONG'] ?? 0;
  if (tooLong > 0) {
    const what = `the answers of ${tooLong} samples lie beyond modelMaxLength = ${modelMaxLength} positions`;
    yield {
      code: 'BAD_SETTINGS',
      what,
      hint: 'raise modelMaxLength, or drop them when the training data are written',
    };
  }
}
