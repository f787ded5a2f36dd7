import { join, resolve } from 'node:path';
import { linkOrCopy, writeFileAtomic } from '@flexattn/stage';
import type { Fingerprints, Progress } from '@flexattn/stage';
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
  /** Is told the hashes of what is written, and of links to files whose hashes it knows. */
  hashes?: HashNotes | undefined;
  signal: AbortSignal | undefined;
}

/** Hashes of the files of a folder that is being written, until they have their names. */
export class HashNotes {
  private readonly noted = new Map<string, string>();

  constructor(private readonly fingerprints: Fingerprints) {}

  written(path: string, sha256: string): void {
    this.noted.set(path, sha256);
  }

  linked(path: string, source: string): void {
    const sha256 = this.fingerprints.known(source);
    if (sha256 !== undefined) this.noted.set(path, sha256);
  }

  /** Remembers them for the files as they lie below `folder` now. */
  keep(folder: string): void {
    for (const [path, sha256] of this.noted) this.fingerprints.remember(join(resolve(folder), path), sha256);
  }
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
  const { hashes } = writer;
  if (file.how === 'link') {
    hashes?.linked(file.path, file.source);
    return linkOrCopy(file.source, target);
  }
  const content = file.how === 'text' ? file.text : readAhead(shardBytes(file, writer));
  const { sha256 } = await writeFileAtomic(target, content, { hash: hashes !== undefined });
  hashes?.written(file.path, sha256);
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
