import { resolve } from 'node:path';
import type { ProjectionPair } from '../high-res-projections.js';
import type { TensorInfo } from '../tensor-info.js';
import { readRange } from './weight-file.js';

/**
 * The first pair whose counterpart has another dtype, shape or byte than what it is copied from; undefined where all
 * are exact copies. Reads both in pieces.
 *
 * @param signal stops between pieces
 */
export async function firstTrained(
  dir: string,
  pairs: readonly ProjectionPair[],
  signal: AbortSignal | undefined,
): Promise<ProjectionPair | undefined> {
  for (const pair of pairs) {
    if (pair.to && !(await equalTensors(dir, pair.from, pair.to, signal))) return pair;
  }
  return undefined;
}

async function equalTensors(
  dir: string,
  a: TensorInfo,
  b: TensorInfo,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (a.dtype !== b.dtype || a.byteLength !== b.byteLength) return false;
  const right = readRange(resolve(dir, b.file), b.byteOffset, b.byteLength);
  try {
    for await (const left of readRange(resolve(dir, a.file), a.byteOffset, a.byteLength)) {
      signal?.throwIfAborted();
      const next = await right.next();
      if (next.done === true || Buffer.compare(left, next.value) !== 0) return false;
    }
    return true;
  } finally {
    await right.return(undefined);
  }
}
