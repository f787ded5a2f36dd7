import { join, resolve } from 'node:path';
import { createProgress, linkOrCopy, writeFileAtomic } from '@flexattn/stage';
import type { Progress } from '@flexattn/stage';
import { planConversion } from '../convert-plan.js';
import type { ConvertedFile } from '../convert-plan.js';
import { ModelPrepError } from '../errors.js';
import { MAX_SHARD_BYTES } from '../init-plan.js';
import { naturalOrder } from '../natural-order.js';
import { readAhead } from '../read-ahead.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import { checkApart, checkFree, writeNewFolder } from './new-folder.js';
import { PIECE_BYTES } from '../tensor-bytes.js';
import { StorageChecks } from './storage-checks.js';
import { readTensorBytes } from './tensor-bytes.js';
import { openWeights, requireWeights } from './weight-folder.js';
import type { Weights } from './weight-folder.js';
import { reusedBuffers } from './weight-file.js';
import type { Allocate } from './weight-file.js';

/** What to convert, and where to. */
export interface ConvertOptions {
  /** Folder of the checkpoint; nothing in it is changed. */
  checkpoint: string;
  /** The new folder: absent or empty before. */
  out: string;
  /** Bytes of tensors in one shard; default 5e9, as transformers writes them. */
  maxShardBytes?: number | undefined;
  /** Stops between pieces of 8 MiB; nothing is left behind. */
  signal?: AbortSignal | undefined;
  /** Says on standard error how far it is; default no. */
  progress?: boolean | undefined;
  /** Writes nothing and reports what would be written; whether `out` is free is not asked. */
  dryRun?: boolean | undefined;
}

/** What a conversion did, or in a dry run would do. */
export interface ConvertReport {
  tensors: number;
  /** Data of all tensors. */
  bytes: number;
  /** All files of the new folder, in natural order. */
  files: { path: string; bytes: number; how: 'written' | 'linked' }[];
}

/** Pieces at once in memory: one that is written, one that was read ahead, one to spare. */
const BUFFERS = 3;

/**
 * Writes a checkpoint whose weights are PyTorch zip files (`pytorch_model.bin`, or shards with an index) again with
 * safetensors; everything else is linked. Tensors are streamed in a few MB of memory; views become row-major and
 * little-endian, shared storages are written once for each tensor, CRCs are checked. The folder appears when it is
 * complete; a run that was killed leaves nothing that the next one would not remove.
 *
 * @throws ModelPrepError as `readTorchZip`; NOTHING_TO_CONVERT, CRC_MISMATCH, OUT_EXISTS, OUT_OVERLAPS, NAME_TAKEN
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConvertReport> {
  const { checkpoint: dir, out, maxShardBytes = MAX_SHARD_BYTES, signal, dryRun = false } = options;
  const weights = await requireWeights(await openWeights(dir), dir);
  if (weights.format === 'safetensors') refuseSafetensors(weights, dir);
  await checkApart(out, dir);
  if (!dryRun) await checkFree(out);
  const files = await listCheckpointFiles(dir);
  const plan = planConversion({ files, tensors: weights.tensors, index: weights.index, maxShardBytes });
  const bytes = [...weights.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (!dryRun) {
    const progress = createProgress({
      label: 'convert',
      total: bytes,
      unit: 'bytes',
      quiet: !options.progress,
    });
    const checks = await StorageChecks.open(dir, weights.files);
    const memory = reusedBuffers(BUFFERS, PIECE_BYTES);
    await writeNewFolder(out, async (folder) => {
      for (const file of plan) await writeConverted(file, { dir, folder, checks, memory, progress, signal });
      await checks.finish(signal);
    });
    progress.finish();
  }
  const report = plan.map(({ path, bytes, how }): ConvertReport['files'][number] => ({
    path,
    bytes,
    how: how === 'link' ? 'linked' : 'written',
  }));
  report.sort((a, b) => naturalOrder(a.path, b.path));
  return { tensors: weights.tensors.size, bytes, files: report };
}

function refuseSafetensors({ files }: Weights, dir: string): never {
  const what = `expected pytorch_model.bin or its shards, got ${files[0] ?? 'none'}: the weights are safetensors`;
  throw new ModelPrepError('NOTHING_TO_CONVERT', what, { file: dir, hint: 'use the checkpoint as it is' });
}

interface ConvertWriter {
  dir: string;
  folder: string;
  checks: StorageChecks;
  memory: Allocate;
  progress: Progress;
  signal: AbortSignal | undefined;
}

async function writeConverted(file: ConvertedFile, writer: ConvertWriter): Promise<void> {
  writer.signal?.throwIfAborted();
  const target = join(writer.folder, file.path);
  if (file.how === 'link') await linkOrCopy(file.source, target);
  else if (file.how === 'text') await writeFileAtomic(target, file.text);
  else await writeFileAtomic(target, readAhead(shardBytes(file, writer)), { hash: false });
}

async function* shardBytes(
  { header, tensors }: Extract<ConvertedFile, { how: 'shard' }>,
  { dir, checks, memory, progress, signal }: ConvertWriter,
): AsyncGenerator<Uint8Array, undefined> {
  yield header;
  for (const tensor of tensors) {
    const pieces = readTensorBytes(resolve(dir, tensor.file), tensor, memory);
    for await (const piece of checks.pass(tensor, pieces)) {
      signal?.throwIfAborted();
      yield piece;
      progress.advance(piece.byteLength);
    }
  }
}
