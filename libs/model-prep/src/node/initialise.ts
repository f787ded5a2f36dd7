import { createProgress } from '@flexattn/stage';
import type { Fingerprints } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import { initState, pairProjections } from '../high-res-projections.js';
import type { InitState, ProjectionPair } from '../high-res-projections.js';
import { MAX_SHARD_BYTES, planInit } from '../init-plan.js';
import type { PlannedFile } from '../init-plan.js';
import { checkRecipe } from '../init-recipe.js';
import type { InitStrategy } from '../init-recipe.js';
import { naturalOrder } from '../natural-order.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import type { CheckpointFile } from './checkpoint-files.js';
import type { FreshSource } from './fresh-projection.js';
import { isLeftLocked, writeInPlace } from './in-place.js';
import { checkApart, checkFree, clearLeftovers, deviceOf, isFree, writeNewFolder } from './new-folder.js';
import { openCheckpointWith } from './open-checkpoint.js';
import type { OpenedCheckpoint } from './open-checkpoint.js';
import { holdsResult } from './same-result.js';
import { StorageChecks } from './storage-checks.js';
import { firstTrained } from './trained.js';
import { HashNotes, writePlanned, writtenBytes } from './write-plan.js';
import type { PlanWriter } from './write-plan.js';

/** What to initialise, and where to. */
export interface InitOptions {
  /** Folder of the checkpoint; no file in it is changed unless `inPlace` asks for it. */
  checkpoint: string;
  /** The new folder: absent, empty, or what this very run wrote before. */
  out?: string | undefined;
  /** Adds to the checkpoint's own folder instead of writing a new one. */
  inPlace?: boolean | undefined;
  /** What stands in front of `layers.0.` in the names of the decoder's tensors; default `model.`. */
  from?: string | undefined;
  /** Merged into `extra` of config.json; keys and string values as in published files. */
  extra?: Readonly<Record<string, string>> | undefined;
  /** How a new projection gets its values; default `copy`, the published way. */
  strategy?: InitStrategy | undefined;
  /** Of `random`; default 0. */
  seed?: number | undefined;
  /** Replaces trained projections by new ones, in a new folder only. */
  force?: boolean | undefined;
  /** Stops between pieces of 8 MiB; nothing is left behind. */
  signal?: AbortSignal | undefined;
  /** Says on standard error how far the copy is; default no. */
  progress?: boolean | undefined;
  /** Told what this machine makes expensive: links that must be copies. */
  warn?: ((line: string) => void) | undefined;
  /** Learns the hashes of what is written, and of links to what it knows; hashing takes time. Saved by who opened it. */
  fingerprints?: Fingerprints | undefined;
  /** Writes nothing and reports what would be written; whether `out` is free is not asked. */
  dryRun?: boolean | undefined;
  /** Bytes of tensors in one new shard; default 5e9. */
  maxShardBytes?: number | undefined;
}

/** A file of the result: `written` by this run, `linked` from the checkpoint, or `kept` as it was. */
export interface InitFile {
  path: string;
  bytes: number;
  how: 'written' | 'linked' | 'kept';
}

/** What an initialisation did, or in a dry run would do. */
export interface InitReport {
  /** Decoder layers. */
  layers: number;
  /** Tensors added. */
  added: number;
  /** Data of the added tensors, bytes. */
  bytes: number;
  state: InitState;
  /** All files of the result, in natural order. */
  files: InitFile[];
}

/**
 * Gives every decoder layer of a checkpoint `k_proj_hd` and `v_proj_hd`, exact copies of `k_proj` and `v_proj` and of
 * their biases where they have some. Everything else is linked, not copied: the original weights, tokenizer, vision
 * tower. A new folder appears when it is complete.
 *
 * What is there stays: a checkpoint that has all of them is only linked, one that lacks some gets those, and trained
 * ones are left alone. Where `out` already holds the result nothing is written.
 *
 * @throws ModelPrepError as `openCheckpoint`; BAD_RECIPE, PYTORCH_WEIGHTS, PARTLY_TRAINED, FORCE_IN_PLACE, OUT_MISSING, OUT_EXISTS,
 *   OUT_OVERLAPS, LINK_ESCAPE, NAME_TAKEN, READ_ONLY
 * @see FlexAttention, https://arxiv.org/abs/2407.20228
 */
export async function initialiseHighResProjections(options: InitOptions): Promise<InitReport> {
  const { checkpoint: dir, extra = {}, from, inPlace = false, dryRun = false, signal } = options;
  const recipe = { strategy: options.strategy ?? 'copy', seed: options.seed ?? 0 };
  checkRecipe(recipe);
  const out = targetOf(options);
  const opened = await openCheckpointWith(dir, {
    extra,
    ...(from !== undefined && { from }),
    resume: inPlace,
  });
  const { weights, configText, checkpoint } = opened;
  if (inPlace) requireSafetensors(opened);
  if (out !== undefined) await checkApart(out, dir);
  const { hidden_size: hiddenSize, num_hidden_layers: layers } = checkpoint.config;
  const { wanted, state } = await choosePairs(opened, options);
  const source: FreshSource = { dir, hiddenSize, recipe };
  const files = await listCheckpointFiles(dir);
  const maxShardBytes = options.maxShardBytes ?? MAX_SHARD_BYTES;
  const plan = planInit({ files, weights, configText, wanted, recipe, inPlace, maxShardBytes });
  const bytes = wanted.reduce((sum, pair) => sum + pair.from.byteLength, 0);
  const report: InitReport = { layers, added: wanted.length, bytes, state, files: filesOf(plan, inPlace) };
  if (dryRun) return report;
  if (out !== undefined && !(await isFree(out))) {
    if (!(await holdsResult(out, plan, { source, signal }))) await checkFree(out);
    await clearLeftovers(out);
    const kept = report.files.map((file): InitFile => ({ ...file, how: 'kept' }));
    const trained = wanted.length === 0 && state === 'trained';
    return { ...report, added: 0, bytes: 0, state: trained ? 'trained' : 'already', files: kept };
  }
  const total = writtenBytes(plan);
  const progress = createProgress({ label: 'init', total, unit: 'bytes', quiet: !options.progress });
  const hashes = options.fingerprints && new HashNotes(options.fingerprints);
  const writer: PlanWriter = { source, progress, signal, hashes };
  if (out !== undefined) {
    await warnOfCopies(linkedOf(files, plan), dir, out, options.warn);
    await writeWhole(out, plan, { ...writer, checks: await checksOf(dir, weights, plan) });
  } else if (plan.some(({ how }) => how !== 'link') || (await isLeftLocked(dir))) {
    await writeInPlace(dir, plan, writer);
  }
  hashes?.keep(out ?? dir);
  progress.finish();
  return report;
}

/** A folder with all files of a plan. */
const writeWhole = (out: string, plan: readonly PlannedFile[], writer: PlanWriter): Promise<void> =>
  writeNewFolder(out, async (folder) => {
    for (const file of plan) await writePlanned(file, folder, writer);
    await writer.checks?.finish(writer.signal);
  });

/** What is read out of PyTorch files is compared with their CRCs. */
async function checksOf(
  dir: string,
  { format, files }: OpenedCheckpoint['weights'],
  plan: readonly PlannedFile[],
): Promise<StorageChecks | undefined> {
  const isRead = format === 'pytorch' && plan.some(({ how }) => how === 'rest');
  return isRead ? StorageChecks.open(dir, files) : undefined;
}

const linkedOf = (files: readonly CheckpointFile[], plan: readonly PlannedFile[]): CheckpointFile[] => {
  const linked = new Set(plan.flatMap((file) => (file.how === 'link' ? file.source : [])));
  return files.filter(({ source }) => linked.has(source));
};

/** Between two file systems there are no links. */
async function warnOfCopies(
  files: readonly CheckpointFile[],
  dir: string,
  out: string,
  warn: InitOptions['warn'],
): Promise<void> {
  const device = await deviceOf(out);
  const copied = files.filter((file) => file.device !== device).reduce((sum, { bytes }) => sum + bytes, 0);
  if (copied === 0) return;
  warn?.(`${dir} is on another file system than ${out}: ${copied} bytes are copied, not linked`);
}

function targetOf({ checkpoint, out, inPlace = false }: InitOptions): string | undefined {
  if ((out === undefined) === inPlace) return out;
  const what = `expected an output folder or "in place", got ${inPlace ? 'both' : 'neither'}`;
  throw new ModelPrepError('OUT_MISSING', what, { file: checkpoint, hint: 'give --out or --in-place' });
}

/** Readers look into an index of one format only. */
function requireSafetensors({ weights, checkpoint: { dir } }: OpenedCheckpoint): void {
  if (weights.format === 'safetensors') return;
  const what = `expected safetensors, got ${weights.files[0] ?? 'other weights'}, which is not added to`;
  const hint = 'write a new folder (--out), which gets safetensors';
  throw new ModelPrepError('PYTORCH_WEIGHTS', what, { file: dir, hint });
}

async function choosePairs(
  { checkpoint, weights, wrapper }: OpenedCheckpoint,
  { force = false, inPlace = false, signal }: InitOptions,
): Promise<{ wanted: ProjectionPair[]; state: InitState }> {
  const { dir, config, tensors } = checkpoint;
  const pairs = pairProjections(config.num_hidden_layers, tensors, wrapper);
  const missing = pairs.filter(({ to }) => !to);
  const trained = await firstTrained(pairs, {
    dir,
    weights,
    hiddenSize: config.hidden_size,
    signal,
    thorough: force,
  });
  if (trained && force) {
    if (inPlace) refuseForceInPlace(trained, dir);
    return { wanted: pairs, state: 'initialised' };
  }
  if (trained && missing[0]) refusePartlyTrained(trained, missing[0], dir);
  return { wanted: missing, state: initState(pairs.length, missing.length, trained !== undefined) };
}

function refusePartlyTrained(trained: ProjectionPair, missing: ProjectionPair, dir: string): never {
  const what = `expected this projection beside the trained ${trained.name}, got none`;
  const hint =
    'restore the missing ones, start from the checkpoint before training, or replace all (--force)';
  throw new ModelPrepError('PARTLY_TRAINED', what, { file: dir, item: missing.name, hint });
}

function refuseForceInPlace(trained: ProjectionPair, dir: string): never {
  const what = 'expected untrained projections, got trained ones, which would be lost';
  const hint = 'write a new folder (--out) instead';
  throw new ModelPrepError('FORCE_IN_PLACE', what, { file: dir, item: trained.name, hint });
}

function filesOf(plan: readonly PlannedFile[], inPlace: boolean): InitFile[] {
  const unwritten = inPlace ? 'kept' : 'linked';
  const files = plan.map(({ path, bytes, how }): InitFile => ({
    path,
    bytes,
    how: how === 'link' ? unwritten : 'written',
  }));
  return files.sort((a, b) => naturalOrder(a.path, b.path));
}
