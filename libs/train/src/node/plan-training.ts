import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathExists, readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { TrainError } from '../errors.js';
import { nodesOf } from '../launcher-settings.js';
import { modelParameters } from '../model-parameters.js';
import type { ModelShape } from '../model-parameters.js';
import { preflight } from '../preflight.js';
import type { PreflightFacts, Problem } from '../preflight.js';
import { publishedShape } from '../published-shapes.js';
import { versionProblem } from '../python-versions.js';
import type { TrainSettings } from '../settings.js';
import { trainingPlan } from '../training-plan.js';
import type { TrainingPlan } from '../training-plan.js';
import { freeSpace } from './free-space.js';
import { visibleGpus } from './gpus.js';
import { versionsOf } from './interpreter.js';
import { plannedLaunch } from './launch/launch.js';
import { unreachable } from './reach-rendezvous.js';
import { readCheckpoint } from './read-checkpoint.js';
import type { FoundCheckpoint } from './read-checkpoint.js';
import { readTrainingData } from './read-training-data.js';
import { parseSettings } from './train-options.js';
import type { PlanOptions } from './train-options.js';

/** What a plan reads of the report that `clean` writes. */
const reportSchema = z.looseObject({ kept: z.number().int().nonnegative() });
/** Low-resolution tokens of LLaVA-1.5, where no checkpoint tells. */
const IMAGE_TOKENS = 576;
/** How long a plan waits for the machine that it would meet, and how long a start does: machines are started by hand. */
const MEET_MS = { plan: 3000, start: 120_000 };

/** What another trainer may do otherwise. */
const OF_OUR_TRAINER = new Set<Problem['code']>(['BAD_SETTINGS', 'NO_VISION_TOWER']);

/** What is looked at, and what the plan says of it. */
interface Findings {
  facts: PreflightFacts;
  found: FoundCheckpoint | undefined;
  /** What `found` will be made of, where it is not there yet. */
  base: FoundCheckpoint | undefined;
  model: ModelShape | undefined;
  gpus: TrainingPlan['gpus'];
  unchecked: string[];
}

/**
 * What a training run would be, and why it would be refused (`problems`): in seconds, without Python, and on a machine
 * that has nothing of it yet, where `unchecked` says what could not be looked at. Starts and writes nothing.
 *
 * @param isStart - the run begins now: what it reads must be there, and the data's hash is compared
 * @throws TrainError BAD_SETTINGS for settings of a wrong form, BAD_TOKENS; ModelPrepError for a damaged checkpoint;
 *   StageError FILE_MISSING where a start misses data, INTERRUPTED
 */
export async function planTraining(
  options: PlanOptions,
  { isStart }: { isStart: boolean } = { isStart: false },
): Promise<{ plan: TrainingPlan; found: FoundCheckpoint | undefined }> {
  const settings = parseSettings(options.settings);
  const findings = await lookAround(options, settings, isStart);
  const { facts, found, model, gpus, unchecked } = findings;
  const isExternal = options.launcher?.launcher === 'external';
  const plan = trainingPlan({
    settings,
    isExternal,
    nodes: facts.nodes ?? 1,
    model,
    data: facts.data?.totals,
    cleaned: facts.data === undefined ? await cleanedSamples(options.report) : undefined,
    checkpointBytes: (found ?? findings.base)?.bytes,
    freeBytes: await freeSpace(options.out),
    gpus,
    gpuMemory: options.gpuMemoryGigabytes === undefined ? undefined : options.gpuMemoryGigabytes * 1e9,
    command: plannedLaunch(options, settings),
    files: filesOf(options, found),
    problems: preflight(settings, facts).filter(({ code }) => !isExternal || !OF_OUR_TRAINER.has(code)),
    unchecked,
  });
  return { plan, found };
}

/** The first problem of a plan as an error, with the others in its text; undefined where there is none. */
export function refusalOf(
  { problems }: Pick<TrainingPlan, 'problems'>,
  options: PlanOptions,
): TrainError | undefined {
  const [first] = problems;
  if (first === undefined) return undefined;
  const places: Partial<Record<typeof first.code, string>> = {
    NOT_INITIALISED: options.checkpoint,
    NO_VISION_TOWER: options.checkpoint,
    NO_ANSWERS: options.data,
    TOKENIZER_DIFFERS: options.data,
    OUT_EXISTS: options.out,
    PYTHON_MISSING: options.python,
    PYTHON_TOO_OLD: options.python,
    TORCH_TOO_OLD: options.python,
    PACKAGES_MISSING: options.python,
  };
  return new TrainError(first.code, problems.map(({ what }) => what).join('; '), {
    file: places[first.code] ?? 'train',
    hint: first.hint,
  });
}

async function lookAround(
  options: PlanOptions,
  settings: TrainSettings,
  isStart: boolean,
): Promise<Findings> {
  const { launcher, signal } = options;
  const unchecked: string[] = [];
  const seen = await lookAtCheckpoint(options, isStart, unchecked);
  const gpus = await lookAtGpus(options, unchecked);
  const facts: PreflightFacts = {
    nodes: launcher === undefined ? 1 : nodesOf(launcher),
    checkpoint: seen.found?.facts,
    parameters: seen.model && modelParameters(seen.model, settings),
    data: await lookAtData(options, settings, seen.model, isStart, unchecked),
    out: options.replacesOut === true ? undefined : await contentOf(options.out),
    gpus: gpus?.length ?? launcher?.slurm?.gpusPerNode,
    python: await lookAtPython(options, isStart, unchecked),
    rendezvous: await lookAtRendezvous(launcher?.rendezvous, isStart, signal),
  };
  return { ...seen, facts, gpus, unchecked };
}

async function lookAtCheckpoint(
  { checkpoint, base }: PlanOptions,
  isStart: boolean,
  unchecked: string[],
): Promise<Pick<Findings, 'found' | 'base' | 'model'>> {
  if (isStart || (await pathExists(checkpoint))) {
    const found = await readCheckpoint(checkpoint);
    return { found, base: undefined, model: found.shape };
  }
  unchecked.push(`checkpoint: ${checkpoint} is not there yet`);
  if (base === undefined) return { found: undefined, base: undefined, model: undefined };
  if (await pathExists(base)) {
    unchecked[0] = `checkpoint: ${checkpoint} is not there yet; figures are those of ${base}`;
    const found = await readCheckpoint(base);
    return { found: undefined, base: found, model: found.shape };
  }
  const model = publishedShape(basename(base));
  if (model !== undefined)
    unchecked[0] = `checkpoint: ${base} is not there; figures are those of ${basename(base)} as published`;
  return { found: undefined, base: undefined, model };
}

async function lookAtData(
  { data, images, signal }: PlanOptions,
  settings: TrainSettings,
  model: ModelShape | undefined,
  isStart: boolean,
  unchecked: string[],
): Promise<PreflightFacts['data']> {
  if (!isStart && !(await pathExists(join(data, 'tokens.jsonl')))) {
    unchecked.push(
      `data: ${join(data, 'tokens.jsonl')} is not there yet; memory is that of the longest samples`,
    );
    return undefined;
  }
  const imageTokens =
    model === undefined ? IMAGE_TOKENS : (model.vision.image_size / model.vision.patch_size) ** 2;
  const { modelMaxLength } = settings;
  const found = await readTrainingData(
    data,
    { images, imageTokens, modelMaxLength, signal },
    { isSure: isStart },
  );
  if (found.tokenizer === undefined)
    unchecked.push('tokenizer: the data do not tell with which they were made');
  return found;
}

/** Samples that the report of the cleaned data tells; undefined where there is no report. */
async function cleanedSamples(report: string | undefined): Promise<number | undefined> {
  if (report === undefined || !(await pathExists(report))) return undefined;
  return (await readJsonAs(report, reportSchema)).kept;
}

/** A folder that holds nothing but what a stage made for this run counts as something too: the trainer makes its own. */
async function contentOf(out: string): Promise<PreflightFacts['out']> {
  if (!(await pathExists(out))) return undefined;
  const isRun =
    (await pathExists(join(out, 'metrics.jsonl'))) || (await pathExists(join(out, 'config.json')));
  return isRun && (await stat(out)).isDirectory() ? 'run' : 'something';
}

async function lookAtGpus(
  { launcher, gpuMemoryGigabytes, signal }: PlanOptions,
  unchecked: string[],
): Promise<TrainingPlan['gpus']> {
  if (launcher === undefined || launcher.launcher === 'local') {
    const found = await visibleGpus(signal);
    if (Array.isArray(found)) return found;
    unchecked.push(`GPUs: ${found.why}; without one it trains on the CPU`);
  } else if (launcher.launcher === 'slurm' && gpuMemoryGigabytes === undefined)
    unchecked.push('GPUs: they are not in this machine; gpuMemoryGigabytes tells their memory');
  return undefined;
}

async function lookAtPython(
  { python, launcher, signal }: PlanOptions,
  isStart: boolean,
  unchecked: string[],
): Promise<PreflightFacts['python']> {
  if (launcher?.launcher === 'external') return undefined;
  try {
    return versionProblem(await versionsOf(python, signal), python);
  } catch (error) {
    if (!(error instanceof TrainError) || isStart) throw error;
    unchecked.push(`Python: ${python} is not there yet, or does not start`);
    return undefined;
  }
}

async function lookAtRendezvous(
  rendezvous: { endpoint: string; nodeRank: number; nodes: number } | undefined,
  isStart: boolean,
  signal: AbortSignal | undefined,
): Promise<PreflightFacts['rendezvous']> {
  if (rendezvous === undefined) return undefined;
  const timeoutMs = MEET_MS[isStart ? 'start' : 'plan'];
  const why = await unreachable(rendezvous, { timeoutMs, signal });
  return why === undefined ? undefined : { address: rendezvous.endpoint, why };
}

function filesOf(
  { checkpoint, data, images, out, states, logs, launcher }: PlanOptions,
  found: FoundCheckpoint | undefined,
): TrainingPlan['files'] {
  const names = found?.files ?? [];
  return {
    reads: [
      ...(names.length === 0 ? [checkpoint] : names.map((name) => join(checkpoint, name))),
      ...[join(data, 'tokens.jsonl'), images],
    ],
    writes: [
      ...(names.length === 0 ? [out] : names.map((name) => join(out, name))),
      ...(launcher?.launcher === 'external' ? [] : [join(out, 'metrics.jsonl')]),
      ...(states === undefined ? [] : [states]),
      ...(logs === undefined ? [] : [logs]),
    ],
  };
}
