import { join, resolve } from 'node:path';
import { createProgress, linkOrCopy, writeFileAtomic } from '@flexattn/stage';
import type { Progress } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import { initState, pairProjections } from '../high-res-projections.js';
import type { InitState, ProjectionPair } from '../high-res-projections.js';
import { planInit } from '../init-plan.js';
import type { PlannedFile } from '../init-plan.js';
import { naturalOrder } from '../natural-order.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import { firstTrained } from './compare-tensors.js';
import { checkApart, checkFree, writeNewFolder } from './new-folder.js';
import { openCheckpointWith } from './open-checkpoint.js';
import { readRange } from './weight-file.js';

/** What to initialise, and where to. */
export interface InitOptions {
  /** Folder of the checkpoint; nothing in it is changed. */
  checkpoint: string;
  /** The new folder: absent or empty before. */
  out: string;
  /** Merged into `extra` of config.json; keys and string values as in published files. */
  extra?: Readonly<Record<string, string>> | undefined;
  /** How a new projection gets its values. The published way, and so far the only one: exact copies. */
  strategy?: 'copy' | undefined;
  /** Stops between pieces of 8 MiB; nothing is left behind. */
  signal?: AbortSignal | undefined;
  /** Says on standard error how far the copy is; default no. */
  progress?: boolean | undefined;
  /** Writes nothing and reports what would be written; whether `out` is free is not asked. */
  dryRun?: boolean | undefined;
}

/** A file of the new folder: `written` by this run, or `linked` from the checkpoint, byte for byte the same. */
export interface InitFile {
  path: string;
  bytes: number;
  how: 'written' | 'linked';
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
  /** All files of the new folder, in natural order. */
  files: InitFile[];
}

/**
 * Writes a new checkpoint folder in which every decoder layer has `k_proj_hd` and `v_proj_hd`, exact copies of
 * `k_proj` and `v_proj` and of their biases where they have some. Everything else is linked, not copied: the original
 * weights, tokenizer, vision tower. The folder appears when it is complete.
 *
 * What is there stays: a checkpoint that has all of them is only linked, one that lacks some gets those, and trained
 * ones are left alone.
 *
 * @throws ModelPrepError as `openCheckpoint`; PARTLY_TRAINED, OUT_EXISTS, OUT_OVERLAPS, LINK_ESCAPE, NAME_TAKEN
 * @see FlexAttention, https://arxiv.org/abs/2407.20228
 */
export async function initialiseHighResProjections(options: InitOptions): Promise<InitReport> {
  const { checkpoint: dir, out, extra = {}, strategy = 'copy', signal, dryRun = false } = options;
  const { checkpoint, weights, configText } = await openCheckpointWith(dir, extra);
  await checkApart(out, dir);
  if (!dryRun) await checkFree(out);
  const layers = checkpoint.config.num_hidden_layers;
  const pairs = pairProjections(layers, weights.tensors);
  const missing = pairs.filter(({ to }) => !to);
  const trained = await firstTrained(dir, pairs, signal);
  if (trained && missing[0]) refusePartlyTrained(trained, missing[0]);
  const plan = planInit({ files: await listCheckpointFiles(dir), weights, configText, missing, strategy });
  const bytes = missing.reduce((sum, { from }) => sum + from.byteLength, 0);
  if (!dryRun) {
    const progress = createProgress({ label: 'init', total: bytes, unit: 'bytes', quiet: !options.progress });
    await writeNewFolder(out, async (folder) => {
      for (const file of plan) await writePlanned(file, dir, folder, progress, signal);
    });
    progress.finish();
  }
  const state = initState(pairs.length, missing.length, trained !== undefined);
  const files = plan.map(({ path, bytes, how }): InitFile => ({
    path,
    bytes,
    how: how === 'link' ? 'linked' : 'written',
  }));
  files.sort((a, b) => naturalOrder(a.path, b.path));
  return { layers, added: missing.length, bytes, state, files };
}

function refusePartlyTrained(trained: ProjectionPair, missing: ProjectionPair): never {
  const what = `expected this projection beside the trained ${trained.name}, got none`;
  const hint = 'restore the missing projections, or start from the checkpoint before training';
  throw new ModelPrepError('PARTLY_TRAINED', what, { item: missing.name, hint });
}

async function writePlanned(
  file: PlannedFile,
  dir: string,
  folder: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const target = join(folder, file.path);
  if (file.how === 'link') await linkOrCopy(file.source, target);
  else if (file.how === 'text') await writeFileAtomic(target, file.text);
  else await writeFileAtomic(target, shardBytes(file, dir, progress, signal));
}

async function* shardBytes(
  { header, copies }: Extract<PlannedFile, { how: 'shard' }>,
  dir: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const { file, byteOffset, byteLength } of copies) {
    for await (const chunk of readRange(resolve(dir, file), byteOffset, byteLength)) {
      signal?.throwIfAborted();
      yield chunk;
      progress.advance(chunk.byteLength);
    }
  }
}
