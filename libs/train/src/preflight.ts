import { isTrained, patternProblem, TOWER } from './model-parameters.js';
import type { Parameter } from './model-parameters.js';
import type { VersionProblem } from './python-versions.js';
import type { TrainSettings } from './settings.js';
import type { TokenTotals } from './token-totals.js';

/** What the checkpoint says that the settings must agree with. */
export interface CheckpointFacts {
  /** Names of the tensors. */
  tensors: ReadonlySet<string>;
  layers: number;
  /** Absent where the checkpoint has no FlexAttention configuration. */
  selectFromLayer: number | undefined;
  /** `mm_vision_tower`, where it is no folder with the tower's configuration and weights; absent where it is. */
  missingTower?: string | undefined;
  /** Fingerprint of its tokenizer; absent where it has none. */
  tokenizer?: string | undefined;
}

/** What the training data say. */
export interface DataFacts {
  totals: TokenTotals;
  /** Lines whose answers lie beyond `modelMaxLength`; those that the writer left out are not lines. */
  tooLong: number;
  /** Fingerprint of the tokenizer that made them; absent where they do not tell. */
  tokenizer?: string | undefined;
}

/** What is known before a start; what is absent is not looked at. */
export interface PreflightFacts {
  /** Machines, each with `processes` processes; 1 if left out. */
  nodes?: number | undefined;
  checkpoint?: CheckpointFacts | undefined;
  /** Of the trainer's model, also where only the shape of the checkpoint is known. */
  parameters?: readonly Parameter[] | undefined;
  data?: DataFacts | undefined;
  /** What is in the output folder already; absent where there is no such folder. */
  out?: 'run' | 'something' | undefined;
  /** What is wrong with the interpreter; absent where nothing is, or nobody asked it. */
  python?: VersionProblem | { code: 'PYTHON_MISSING'; what: string; hint: string } | undefined;
  /** GPUs that the processes of this machine would share out; 0 trains on the CPU. */
  gpus?: number | undefined;
  /** The place where the machines meet, and why it cannot be reached; absent where it can. */
  rendezvous?: { address: string; why: string } | undefined;
}

/** Something that would make training fail or be in vain. */
export interface Problem {
  code:
    | 'BAD_SETTINGS'
    | 'NOT_INITIALISED'
    | 'NO_VISION_TOWER'
    | 'TOKENIZER_DIFFERS'
    | 'NO_ANSWERS'
    | 'OUT_EXISTS'
    | 'TOO_FEW_GPUS'
    | 'RENDEZVOUS_UNREACHABLE'
    | 'PYTHON_MISSING'
    | VersionProblem['code'];
  what: string;
  hint: string;
}

/** Everything that can be known to be wrong before the trainer starts. */
export function preflight(settings: TrainSettings, facts: PreflightFacts = {}): Problem[] {
  const { checkpoint, data } = facts;
  return [
    ...settingsProblems(settings, facts.nodes ?? 1),
    ...(checkpoint === undefined ? [] : checkpointProblems(checkpoint, settings)),
    ...patternProblems(facts.parameters, settings),
    ...(data === undefined ? [] : dataProblems(data, settings)),
    ...tokenizerProblems(checkpoint?.tokenizer, data?.tokenizer),
    ...machineProblems(facts, settings),
    ...(facts.python === undefined ? [] : [facts.python]),
  ];
}

function* settingsProblems(settings: TrainSettings, nodes: number): Generator<Problem> {
  const { batchSize, processes, microBatchSize, warmupSteps, steps } = settings;
  const together = nodes * processes * microBatchSize;
  if (batchSize % together !== 0) {
    const names = `${nodes > 1 ? 'nodes x ' : ''}processes x microBatchSize`;
    const figures = `${nodes > 1 ? `${nodes} x ` : ''}${processes} x ${microBatchSize}`;
    const what = `batchSize: expected a multiple of ${names} = ${figures} = ${together}, got ${batchSize}`;
    yield { code: 'BAD_SETTINGS', what, hint: 'change one of these' };
  }
  if (warmupSteps > steps) {
    const what = `warmupSteps: expected at most steps = ${steps}, got ${warmupSteps}`;
    yield { code: 'BAD_SETTINGS', what, hint: 'lower warmupSteps' };
  }
}

function* checkpointProblems(facts: CheckpointFacts, settings: TrainSettings): Generator<Problem> {
  if (settings.highres) yield* highResProblems(facts);
  if (facts.missingTower !== undefined) {
    const what = `mm_vision_tower: expected a folder with config.json and weights of CLIP, got "${facts.missingTower}"`;
    const hint = 'copy the tower into the checkpoint and name its folder in config.json';
    yield { code: 'NO_VISION_TOWER', what, hint };
  }
}

function* patternProblems(
  parameters: readonly Parameter[] | undefined,
  settings: TrainSettings,
): Generator<Problem> {
  const unfit = parameters && patternProblem(parameters, settings);
  if (unfit !== undefined)
    yield { code: 'BAD_SETTINGS', what: unfit, hint: 'see the names with `flexattn inspect CHECKPOINT`' };
  if (settings.featureCacheFolder === null || !parameters) return;
  if (parameters.some(({ name }) => name.startsWith(TOWER) && isTrained(name, settings))) {
    const what = 'featureCacheFolder: expected a frozen vision tower, got one that is trained';
    yield { code: 'BAD_SETTINGS', what, hint: 'freeze "vision_tower", or set featureCacheFolder to null' };
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
  { totals, tooLong }: DataFacts,
  { modelMaxLength }: TrainSettings,
): Generator<Problem> {
  if (totals.samples === 0) {
    const what = 'expected samples with an answer, got none: every answer span is empty';
    yield { code: 'NO_ANSWERS', what, hint: 'are there turns of "gpt" in the annotations?' };
  }
  if (tooLong > 0) {
    const what = `the answers of ${tooLong} samples lie beyond modelMaxLength = ${modelMaxLength} positions`;
    yield {
      code: 'BAD_SETTINGS',
      what,
      hint: 'raise modelMaxLength, or write the training data again with it',
    };
  }
}

function* tokenizerProblems(checkpoint: string | undefined, data: string | undefined): Generator<Problem> {
  if (checkpoint === undefined || data === undefined || checkpoint === data) return;
  const what = `expected data made with the checkpoint's tokenizer (${checkpoint.slice(0, 12)}), got data made with another (${data.slice(0, 12)})`;
  yield { code: 'TOKENIZER_DIFFERS', what, hint: "write the training data again with the checkpoint's own" };
}

function* machineProblems(
  { out, gpus = 0, rendezvous }: PreflightFacts,
  { processes }: TrainSettings,
): Generator<Problem> {
  if (out !== undefined) {
    const got = out === 'run' ? 'one that holds another run' : 'one that exists';
    const what = `expected a new folder, got ${got}`;
    yield { code: 'OUT_EXISTS', what, hint: 'remove it, or choose another' };
  }
  if (gpus > 0 && processes > gpus) {
    const what = `processes: expected at most one for each of ${gpus} visible GPUs, got ${processes}`;
    const hint =
      'lower processes (and batchSize with it), or show more GPUs: CUDA_VISIBLE_DEVICES here, slurm.gpusPerNode in a job';
    yield { code: 'TOO_FEW_GPUS', what, hint };
  }
  if (rendezvous !== undefined) {
    const what = `rendezvous: expected to reach ${rendezvous.address}, got ${rendezvous.why}`;
    const hint = 'start the first machine first, and check its name, its port and the firewall between them';
    yield { code: 'RENDEZVOUS_UNREACHABLE', what, hint };
  }
}
