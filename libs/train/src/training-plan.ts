import type { LaunchPlan } from './launch-plan.js';
import { estimateMemory, pictureBytes } from './memory-estimate.js';
import type { MemoryEstimate, MicroBatch } from './memory-estimate.js';
import { countParameters, modelParameters } from './model-parameters.js';
import type { ModelShape, ParameterCounts } from './model-parameters.js';
import type { Problem } from './preflight.js';
import type { TrainSettings } from './settings.js';
import type { TokenTotals } from './token-totals.js';

/** Memory of each process, and the room that there is. */
export interface MemoryPlan {
  /** What the figures are for. */
  microBatch: MicroBatch;
  estimate: MemoryEstimate;
  activationCheckpointing: boolean;
  /** Activations, and all, with the other value of `activationCheckpointing`. */
  otherwise: { activations: number; total: number };
  /** Bytes of the smallest GPU; absent where no GPU is known. */
  available?: number;
}

/** Bytes on disk. */
export interface DiskPlan {
  /** The trained checkpoint. */
  checkpoint: number;
  /** All states that are kept at a time, with the one that is being written. */
  states: number;
  /** Features of all pictures, where they are kept on disk; absent where the pictures are not counted yet. */
  features?: number;
  /** Where the checkpoint goes; absent where nobody looked. */
  free?: number;
}

/** What a training run would be: everything that can be known without starting it. */
export interface TrainingPlan {
  /** Another program trains: steps and batch are its own, and nobody knows its parameters and memory. */
  isExternal?: true;
  steps: number;
  /** Samples of a step: machines x processes x micro batch x accumulation. */
  globalBatch: number;
  nodes: number;
  processes: number;
  microBatchSize: number;
  /** Micro batches of each process in a step. */
  accumulation: number;
  /** Passes over the data; absent without samples. */
  epochs?: number;
  modelMaxLength: number;
  data?: TokenTotals;
  /** Samples of the cleaned data, while they are not tokenised. */
  cleaned?: number;
  parameters?: { all: number; trained: number; frozen: number };
  memory?: MemoryPlan;
  disk?: DiskPlan;
  /** GPUs of this machine, of the same kind together; absent where they cannot be told or others are meant. */
  gpus?: { name: string; memory: number }[];
  /** What would be started; a job of Slurm with its script. */
  command: LaunchPlan & { script?: string };
  files: { reads: string[]; writes: string[] };
  /** Why it would be refused. */
  problems: Problem[];
  /** What could not be looked at, and why. */
  unchecked: string[];
}

/** What is known of a run that is planned. */
export interface PlanFacts {
  settings: TrainSettings;
  isExternal?: boolean;
  nodes: number;
  model?: ModelShape | undefined;
  data?: TokenTotals | undefined;
  cleaned?: number | undefined;
  /** Bytes of the checkpoint's folder; absent: of its parameters at two bytes each. */
  checkpointBytes?: number | undefined;
  freeBytes?: number | undefined;
  gpus?: { name: string; memory: number }[] | undefined;
  /** Bytes of a GPU elsewhere. */
  gpuMemory?: number | undefined;
  command: TrainingPlan['command'];
  files: TrainingPlan['files'];
  problems: Problem[];
  unchecked: string[];
}

/** Bytes of a parameter in a published checkpoint: float16. */
const STORED = 2;
/** A trained parameter in a state: its value and AdamW's two moments, float32. */
const IN_STATE = 12;

/** Works out what a run needs from what is known of it. */
export function trainingPlan(facts: PlanFacts): TrainingPlan {
  const { settings, nodes, data, cleaned, gpus, command, files, problems, unchecked, isExternal } = facts;
  const model = isExternal === true ? undefined : facts.model;
  const { steps, batchSize, processes, microBatchSize, modelMaxLength } = settings;
  const samples = data?.samples ?? cleaned ?? 0;
  const parameters = model && countParameters(modelParameters(model, settings), settings);
  return {
    ...(isExternal === true ? { isExternal } : {}),
    ...{ steps, globalBatch: batchSize, nodes, processes, microBatchSize },
    accumulation: batchSize / (nodes * processes * microBatchSize),
    ...(samples > 0 ? { epochs: (steps * batchSize) / samples } : {}),
    modelMaxLength,
    ...(data && { data }),
    ...(cleaned === undefined ? {} : { cleaned }),
    ...(model &&
      parameters && {
        parameters: {
          all: parameters.all,
          trained: parameters.trained,
          frozen: parameters.all - parameters.trained,
        },
        memory: memoryPlan(facts, model, parameters),
        disk: diskPlan(facts, model, parameters),
      }),
    ...(gpus && { gpus }),
    ...{ command, files, problems, unchecked },
  };
}

function memoryPlan(
  { settings, nodes, data, gpus = [], gpuMemory }: PlanFacts,
  model: ModelShape,
  parameters: ParameterCounts,
): MemoryPlan {
  const microBatch = largestMicroBatch(settings, model, data);
  const estimateWith = (activationCheckpointing: boolean) =>
    estimateMemory(model, parameters, { ...settings, activationCheckpointing }, nodes, microBatch);
  const { activations, total } = estimateWith(!settings.activationCheckpointing);
  const sizes = gpus.map(({ memory }) => memory);
  const available = sizes.length > 0 ? Math.min(...sizes) : gpuMemory;
  return {
    microBatch,
    estimate: estimateWith(settings.activationCheckpointing),
    activationCheckpointing: settings.activationCheckpointing,
    otherwise: { activations, total },
    ...(available === undefined ? {} : { available }),
  };
}

/** As long as the data's longest sample with as many answer tokens as any has; without data the most that fits. */
function largestMicroBatch(
  { microBatchSize, modelMaxLength }: TrainSettings,
  { vision }: ModelShape,
  data: TokenTotals | undefined,
): MicroBatch {
  const imageTokens = (vision.image_size / vision.patch_size) ** 2;
  return {
    samples: microBatchSize,
    positions: Math.min(data?.lengths?.longest ?? modelMaxLength, modelMaxLength),
    answerRows: data?.mostAnswerTokens ?? Math.max(1, modelMaxLength - imageTokens),
  };
}

function diskPlan(
  { settings, data, checkpointBytes, freeBytes }: PlanFacts,
  model: ModelShape,
  counts: ParameterCounts,
): DiskPlan {
  const { saveEverySteps, keepStates, featureCacheFolder } = settings;
  const kept = saveEverySteps > 0 ? keepStates + 1 : 1; // the one that Ctrl-C writes
  return {
    checkpoint: checkpointBytes ?? STORED * counts.all,
    states: kept * IN_STATE * counts.trained,
    ...(featureCacheFolder === null || data === undefined
      ? {}
      : { features: data.pictures * pictureBytes(model, settings) }),
    ...(freeBytes === undefined ? {} : { free: freeBytes }),
  };
}
