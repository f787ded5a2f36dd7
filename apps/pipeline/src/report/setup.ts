import type { Selection } from '@flexattn/flexattn-runtime';

/** One of the models that a run compares. */
export interface ModelSetup {
  name: string;
  trained: boolean;
  /** `attention`: FlexAttention; `none`: the low-resolution input alone; the others: ablations. */
  selection: Selection;
}

/** The parts of a run's configuration that the report tells. */
export interface RunSetup {
  data: { annotations: string | string[] };
  checkpoint: string;
  init: { extra: Readonly<Record<string, string>> };
  models: readonly ModelSetup[];
  train: {
    steps: number;
    batchSize: number;
    learningRate: number;
    freeze: readonly string[];
    seed: number;
  };
}

/** Two models whose difference is the run's question. */
export interface ModelPair {
  from: string;
  to: string;
}

/**
 * The model that the run is about: the first with FlexAttention, trained if there is one. Undefined where none has it.
 */
export function leadingModel(models: readonly ModelSetup[]): ModelSetup | undefined {
  const flexible = models.filter(({ selection }) => selection === 'attention');
  return flexible.find(({ trained }) => trained) ?? flexible[0];
}

/**
 * The pair that tells what FlexAttention adds: the leading model against the first without it that was trained alike.
 * Undefined where the run has no such pair.
 */
export function headlinePair(models: readonly ModelSetup[]): ModelPair | undefined {
  const to = leadingModel(models);
  const from = models.find(({ selection, trained }) => selection === 'none' && trained === to?.trained);
  return to === undefined || from === undefined ? undefined : { from: from.name, to: to.name };
}
