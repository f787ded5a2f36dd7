import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { z } from 'zod';
import {
  artifactsHash,
  isIntact,
  runStage,
  tellLine,
  toIoError,
  type Json,
  type StageResult,
} from '@flexattn/stage';
import { PipelineError } from './errors.js';
import { artifacts, shown, type RunContext } from './run-context.js';
import { summaryText } from './summary-text.js';

const jsonObjectSchema = z.record(z.string(), z.json());

/** One step of the chain: what it reads, what decides it, and how it is done. */
export interface Stage<Summary extends object = object, Preview extends object = object> {
  name: string;
  /** One line for people. */
  purpose: string;
  /** Stages whose artifacts it reads. */
  after: readonly string[];
  /** Files and folders that it reads, by role; their bytes are part of the result's key. */
  reads: (context: RunContext) => Record<string, string>;
  /** Settings that decide the result. */
  parameters: (context: RunContext) => object;
  /** Versions and code hashes that decide the result. */
  tools: (context: RunContext) => Promise<Record<string, string>>;
  /** Does the work in `folder` (heavy libs are imported here: what is at hand needs none); gives a summary. */
  produce: (context: RunContext, folder: string) => Promise<Summary>;
  /** What the lib would do, told without writing; called when all that it reads is there. */
  preview?: (context: RunContext) => Promise<Preview>;
  /** `preview` can tell something of what is not there yet, too. */
  previewsPartly?: boolean;
  /** The preview for a terminal; left out: keys and values of all that a dry run tells. */
  showPreview?(preview: Preview, context: RunContext): string;
  /** Why the stage would not start, of what a preview found. */
  refusalOf?(preview: Preview, context: RunContext): Error | undefined;
  /** What the stage would start, as lines for a shell. */
  commandLines?: (context: RunContext) => string | Promise<string>;
  /** The summary for a terminal; left out: its keys and values. `folder`: where the artifacts are, as shown. */
  show?(summary: Summary, folder: string): string;
}

/** What became of a step. */
export interface StepResult {
  stage: string;
  outcome: StageResult['outcome'];
  /** Of the artifacts, from the workspace. */
  folder: string;
  key: string;
  summary: Record<string, Json>;
}

/** What a step would do. */
export interface StepPreview {
  stage: string;
  purpose: string;
  reads: { role: string; path: string; present: boolean }[];
  parameters: Record<string, Json>;
  /** Where the artifacts would be. */
  writes: string;
  /** What the lib tells, where all that it reads is there. */
  preview?: Record<string, Json>;
  /** The array of Slurm that would do the work, as lines for a shell. */
  array?: string;
}

/** Refuses to begin where something that no stage writes is missing: the last step may be hours away. */
export function requireInputs(context: RunContext, stages: readonly Stage[]): void {
  const written = `${artifacts(context, '')}${sep}`;
  for (const stage of stages) {
    for (const [role, path] of Object.entries(stage.reads(context))) {
      if (path.startsWith(written) || existsSync(path)) continue;
      throw new PipelineError('INPUT_MISSING', `${stage.name} reads it as ${role}, and it is not there`, {
        file: shown(context, path),
        hint: 'put it there, or name another path in the configuration',
      });
    }
  }
}

/**
 * Runs a stage, or finds its result at hand; says so on standard error. `seen`: hashes by path that this command took
 * just before, for a stage that finds its result; what one works on is looked at again.
 */
export async function runStep(
  context: RunContext,
  stage: Stage,
  seen: Map<string, string> = new Map(),
): Promise<StepResult> {
  const { workspace, run, quiet } = context;
  const foreign = foreignFiles(context, stage);
  if (foreign !== undefined) throw foreign;
  for (const earlier of stage.after) await requireArtifacts(context, stage.name, earlier);
  const inputs = await inputHashes(context, stage, seen);
  let seconds: number | undefined;
  const { receipt, outcome, folder } = await runStage({
    workspace,
    run,
    fingerprints: context.fingerprints,
    stage: stage.name,
    inputs,
    parameters: stageParameters(context, stage),
    tools: await stage.tools(context),
    produce: async (folder) => {
      await refuseChanged(context, stage, inputs);
      const began = performance.now();
      const summary = jsonObject(await stage.produce(context, folder));
      seconds = (performance.now() - began) / 1000;
      return summary;
    },
    say: (line) => {
      if (!quiet || !line.endsWith('up to date')) tellLine(line);
    },
  });
  // Files were put in place since, and time went by.
  if (outcome !== 'kept') seen.clear();
  rememberRun(runMarker(context, stage.name), seconds);
  const summary = jsonObject(receipt.summary ?? {});
  return { stage: stage.name, outcome, folder: shown(context, folder), key: receipt.key, summary };
}

/** Files where the artifacts would be that no stage wrote: somebody's work, which is not replaced. */
function foreignFiles(context: RunContext, { name }: Stage): PipelineError | undefined {
  const folder = artifacts(context, name);
  const isOurs = existsSync(join(folder, 'receipt.json')) || existsSync(runMarker(context, name));
  if (isOurs || !existsSync(folder) || readdirSync(folder).length === 0) return undefined;
  return new PipelineError(
    'OUT_EXISTS',
    'expected nothing or an earlier result, got files of another origin',
    {
      file: shown(context, folder),
      hint: 'move them elsewhere, or give the configuration another name',
    },
  );
}

/**
 * What a stage reads, by role: SHA-256 of the bytes. Of an earlier stage's artifacts those that its receipt lists, and
 * not the receipt: a tool that made the same bytes again changes nothing after it.
 */
export async function inputHashes(
  context: RunContext,
  stage: Stage,
  seen: Map<string, string> = new Map(),
): Promise<Record<string, string>> {
  const inputs: Record<string, string> = {};
  for (const [role, path] of Object.entries(stage.reads(context))) {
    context.signal.throwIfAborted();
    const isArtifacts = dirname(path) === artifacts(context, '.');
    const sha256 =
      (isArtifacts ? await artifactsHash(path) : seen.get(path)) ?? (await context.fingerprints.of(path));
    if (!isArtifacts) seen.set(path, sha256);
    inputs[role] = sha256;
  }
  return inputs;
}

/** The result is kept under what was seen before the work: that must still be there when it begins. */
async function refuseChanged(
  context: RunContext,
  stage: Stage,
  inputs: Readonly<Record<string, string>>,
): Promise<void> {
  const now = await inputHashes(context, stage);
  for (const [role, path] of Object.entries(stage.reads(context))) {
    if (now[role] === inputs[role]) continue;
    throw new PipelineError('INPUT_CHANGED', `${stage.name} reads it as ${role}, and it changed meanwhile`, {
      file: shown(context, path),
      hint: 'start again when nothing writes there',
    });
  }
}

/** A dry run, as data and for a terminal, and why the step would not start. */
export interface DryRun {
  told: StepPreview;
  text: string;
  refusal: Error | undefined;
}

/** A dry run: what would be read (and whether it is there), decided and written. */
export async function previewStep(context: RunContext, stage: Stage): Promise<DryRun> {
  const reads = Object.entries(stage.reads(context)).map(([role, path]) => ({
    role,
    path: shown(context, path),
    present: existsSync(path),
  }));
  const isTold = stage.previewsPartly === true || reads.every(({ present }) => present);
  const preview = isTold ? await stage.preview?.(context) : undefined;
  const array = context.array === undefined ? undefined : await stage.commandLines?.(context);
  const told: StepPreview = {
    stage: stage.name,
    purpose: stage.purpose,
    reads,
    parameters: stageParameters(context, stage),
    writes: shown(context, artifacts(context, stage.name)),
    ...(preview === undefined ? {} : { preview: jsonObject(preview) }),
  };
  const shownPreview = preview === undefined ? undefined : stage.showPreview?.(preview, context);
  const text = shownPreview ?? summaryText(told);
  return {
    told: array === undefined ? told : { ...told, array },
    text: array === undefined ? text : `${text}\n${array}`,
    refusal:
      foreignFiles(context, stage) ??
      (preview === undefined ? undefined : stage.refusalOf?.(preview, context)),
  };
}

async function requireArtifacts(context: RunContext, stage: string, earlier: string): Promise<void> {
  const folder = artifacts(context, earlier);
  if (await isIntact(folder, context.fingerprints)) return;
  const there = existsSync(join(folder, 'receipt.json'));
  throw new PipelineError(
    'STAGE_NOT_RUN',
    `${stage} needs what ${earlier} writes, which is ${there ? 'damaged' : 'missing'}`,
    {
      file: shown(context, folder),
      hint: `run "flexattn ${commandOf(earlier)} --config ${context.configArgument}" first`,
    },
  );
}

/** `tokens` and `items` are steps inside a command. */
function commandOf(stage: string): string {
  return { tokens: 'train', items: 'infer' }[stage] ?? stage;
}

/** The settings that decide a stage's result, as they stand in its receipt. */
export function stageParameters(context: RunContext, stage: Stage): Record<string, Json> {
  return jsonObject(stage.parameters(context));
}

/**
 * Where it is noted that a stage ran here, with the seconds that its work took. The fingerprint that Nx reads tells
 * by it "never ran here" from "artifacts were deleted".
 */
export function runMarker({ workspace, run }: RunContext, stage: string): string {
  return join(workspace, '.flexattn', 'ran', run, stage);
}

function rememberRun(marker: string, seconds: number | undefined): void {
  if (seconds === undefined && existsSync(marker)) return;
  try {
    mkdirSync(dirname(marker), { recursive: true });
    writeFileSync(marker, seconds === undefined ? '' : seconds.toFixed(1));
  } catch (cause) {
    throw toIoError(cause, marker);
  }
}

/** A lib's report as plain JSON, as it stands in receipts. */
function jsonObject(value: unknown): Record<string, Json> {
  return jsonObjectSchema.parse(JSON.parse(JSON.stringify(value)));
}
