import { join, resolve } from 'node:path';
import { linkOrCopy, writeFileAtomic } from '@flexattn/stage';
import type { Progress } from '@flexattn/stage';
import type { PlannedFile } from '../init-plan.js';
import { readAhead } from '../read-ahead.js';
import { PIECE_BYTES } from '../tensor-bytes.js';
import { freshBytes } from './fresh-projection.js';
import type { FreshSource } from './fresh-projection.js';
import type { StorageChecks } from './storage-checks.js';
import { readTensorBytes } from './tensor-bytes.js';
import { reusedBuffers } from './weight-file.js';

/** What writing a planned file needs besides the plan. */
export interface PlanWriter {
  source: FreshSource;
  /** Of the PyTorch files that tensors are read from. */
  checks?: StorageChecks | undefined;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Pieces at once in memory: one that is written, one that was read ahead, one to spare. */
const BUFFERS = 3;

/** Bytes of tensors that a plan writes. */
export const writtenBytes = (plan: readonly PlannedFile[]): number =>
  plan.reduce(
    (sum, file) =>
      sum + (file.how === 'fresh' || file.how === 'rest' ? file.bytes - file.header.byteLength : 0),
    0,
  );

/** Writes one file of a plan below `folder`: linked, or complete under its name. */
export async function writePlanned(file: PlannedFile, folder: string, writer: PlanWriter): Promise<void> {
  writer.signal?.throwIfAborted();
  const target = join(folder, file.path);
  switch (file.how) {
    case 'link':
      return linkOrCopy(file.source, target);
    case 'text':
      return void (await writeFileAtomic(target, file.text));
    case 'fresh':
    case 'rest':
      return void (await writeFileAtomic(target, readAhead(shardBytes(file, writer)), { hash: false }));
  }
}

async function* shardBytes(
  file: Extract<PlannedFile, { how: 'fresh' | 'rest' }>,
  { source, checks, progress, signal }: PlanWriter,
): AsyncGenerator<Uint8Array, undefined> {
  yield file.header;
  const memory = reusedBuffers(BUFFERS, PIECE_BYTES);
  const tensors =
    file.how === 'fresh'
      ? file.pairs.map((pair) => () => freshBytes(pair, source, memory))
      : file.tensors.map((info) => () => {
          const pieces = readTensorBytes(resolve(source.dir, info.file), info, memory);
          return checks?.pass(info, pieces) ?? pieces;
        });
  for (const read of tensors) {
    for await (const piece of read()) {
      signal?.throwIfAborted();
      yield piece;
      progress.advance(piece.byteLength);
    }
  }
}
