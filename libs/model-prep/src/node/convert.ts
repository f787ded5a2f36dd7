import { createProgress } from '@flexattn/stage';
import type { Fingerprints } from '@flexattn/stage';
import { planConversion } from '../convert-plan.js';
import { ModelPrepError } from '../errors.js';
import { MAX_SHARD_BYTES } from '../init-plan.js';
import { naturalOrder } from '../natural-order.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import type { FreshSource } from './fresh-projection.js';
import { checkApart, checkFree, clearLeftovers, isFree, writeNewFolder } from './new-folder.js';
import { holdsResult } from './same-result.js';
import { StorageChecks } from './storage-checks.js';
import { openWeights, requireFolder, requireWeights } from './weight-folder.js';
import type { Weights } from './weight-folder.js';
import { HashNotes, writePlanned, writtenBytes } from './write-plan.js';

/** What to convert, and where to. */
export interface ConvertOptions {
  /** Folder of the checkpoint; nothing in it is changed. */
  checkpoint: string;
  /** The new folder: absent, empty, or what this very run wrote before. */
  out: string;
  /** Bytes of tensors in one shard; default 5e9, as transformers writes them. */
  maxShardBytes?: number | undefined;
  /** Stops between pieces of 8 MiB; nothing is left behind. */
  signal?: AbortSignal | undefined;
  /** Says on standard error how far it is; default no. */
  progress?: boolean | undefined;
  /** Learns the hashes of what is written, and of links to what it knows; hashing takes time. Saved by who opened it. */
  fingerprints?: Fingerprints | undefined;
  /** Writes nothing and reports what would be written; whether `out` is free is not asked. */
  dryRun?: boolean | undefined;
}

/** What a conversion did, or in a dry run would do. */
export interface ConvertReport {
  tensors: number;
  /** Data of all tensors. */
  bytes: number;
  /** All files of the new folder, in natural order; `kept` where they were there already. */
  files: { path: string; bytes: number; how: 'written' | 'linked' | 'kept' }[];
}

/** A plan without new projections asks for none. */
const NOTHING_NEW = { hiddenSize: 0, recipe: { strategy: 'copy', seed: 0 } } as const;

/**
 * Writes a checkpoint whose weights are PyTorch zip files (`pytorch_model.bin`, or shards with an index) again with
 * safetensors; everything else is linked. Tensors are streamed in a few MB of memory; views become row-major and
 * little-endian, shared storages are written once for each tensor, CRCs are checked. The folder appears when it is
 * complete; a run that was killed leaves nothing that the next one would not remove. Where `out` already holds the
 * result, which is compared byte by byte, nothing is written.
 *
 * @throws ModelPrepError as `readTorchZip`; NOTHING_TO_CONVERT, CRC_MISMATCH, OUT_EXISTS, OUT_OVERLAPS, NAME_TAKEN
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConvertReport> {
  const { checkpoint: dir, out, maxShardBytes = MAX_SHARD_BYTES, signal, dryRun = false } = options;
  await requireFolder(dir);
  const weights = await requireWeights(await openWeights(dir), dir);
  if (weights.format === 'safetensors') refuseSafetensors(weights, dir);
  await checkApart(out, dir);
  const files = await listCheckpointFiles(dir);
  const plan = planConversion({ files, tensors: weights.tensors, index: weights.index, maxShardBytes });
  const bytes = [...weights.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const source: FreshSource = { dir, ...NOTHING_NEW };
  const isThere = !dryRun && !(await isFree(out));
  if (isThere) {
    if (!(await holdsResult(out, plan, { source, thorough: true, signal }))) await checkFree(out);
    await clearLeftovers(out);
  } else if (!dryRun) {
    const total = writtenBytes(plan);
    const progress = createProgress({ label: 'convert', total, unit: 'bytes', quiet: !options.progress });
    const hashes = options.fingerprints && new HashNotes(options.fingerprints);
    const checks = await StorageChecks.open(dir, weights.files);
    await writeNewFolder(out, async (folder) => {
      for (const file of plan) await writePlanned(file, folder, { source, checks, progress, hashes, signal });
      await checks.finish(signal);
    });
    hashes?.keep(out);
    progress.finish();
  }
  const report = plan.map(({ path, bytes, how }): ConvertReport['files'][number] => ({
    path,
    bytes,
    how: isThere ? 'kept' : how === 'link' ? 'linked' : 'written',
  }));
  report.sort((a, b) => naturalOrder(a.path, b.path));
  return { tensors: weights.tensors.size, bytes, files: report };
}

function refuseSafetensors({ files }: Weights, dir: string): never {
  const what = `expected pytorch_model.bin or its shards, got ${files[0] ?? 'none'}: the weights are safetensors`;
  throw new ModelPrepError('NOTHING_TO_CONVERT', what, { file: dir, hint: 'use the checkpoint as it is' });
}
