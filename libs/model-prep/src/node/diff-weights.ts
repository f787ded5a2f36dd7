import { resolve } from 'node:path';
import { DTYPE_BYTES } from '../dtype.js';
import type { Dtype } from '../dtype.js';
import { naturalOrder } from '../natural-order.js';
import { DifferenceCollector } from '../tensor-difference.js';
import type { ValueDifference } from '../tensor-difference.js';
import type { TensorInfo } from '../tensor-info.js';
import { valuesOf } from '../tensor-statistics.js';
import { equalStreams } from './equal-streams.js';
import { readTensorBytes } from './tensor-bytes.js';
import { openWeights, requireFolder, requireWeights } from './weight-folder.js';

/** A tensor that both have, and not alike. */
export interface TensorDifference {
  name: string;
  a: { dtype: Dtype; shape: number[] };
  b: { dtype: Dtype; shape: number[] };
  /** Absent where shapes differ, or values of these dtypes cannot be compared. */
  values?: ValueDifference;
}

/** How the weights of two folders differ. */
export interface WeightsDifference {
  /** Tensors alike in dtype, shape and every byte. */
  equal: number;
  onlyInA: string[];
  onlyInB: string[];
  different: TensorDifference[];
}

/**
 * Compares the weights of two folders tensor by tensor, however they are cut into files; safetensors with PyTorch's
 * too. Reads in pieces of 8 MiB.
 *
 * @throws ModelPrepError as `openCheckpoint` for the weights; config.json is not looked at
 */
export async function diffWeights(a: string, b: string, signal?: AbortSignal): Promise<WeightsDifference> {
  const [left, right] = [await weightsIn(a), await weightsIn(b)];
  const result: WeightsDifference = { equal: 0, onlyInA: [], onlyInB: [], different: [] };
  const names = [...new Set([...left.keys(), ...right.keys()])].sort(naturalOrder);
  for (const name of names) {
    const [one, other] = [left.get(name), right.get(name)];
    if (!one) result.onlyInB.push(name);
    else if (!other) result.onlyInA.push(name);
    else {
      const difference = await compareTensor({ dir: a, info: one }, { dir: b, info: other }, signal);
      if (difference) result.different.push(difference);
      else result.equal++;
    }
  }
  return result;
}

async function weightsIn(dir: string): Promise<ReadonlyMap<string, TensorInfo>> {
  await requireFolder(dir);
  return (await requireWeights(await openWeights(dir), dir)).tensors;
}

interface Side {
  dir: string;
  info: TensorInfo;
}

async function compareTensor(
  a: Side,
  b: Side,
  signal: AbortSignal | undefined,
): Promise<TensorDifference | undefined> {
  const typeOf = ({ info: { dtype, shape } }: Side) => ({ dtype, shape });
  const difference: TensorDifference = { name: a.info.name, a: typeOf(a), b: typeOf(b) };
  if (a.info.shape.join() !== b.info.shape.join()) return difference;
  if (a.info.dtype === b.info.dtype && (await equalStreams(bytesOf(a), bytesOf(b), signal))) return undefined;
  const values = await compareValues(a, b, signal);
  return values ? { ...difference, values } : difference;
}

const bytesOf = ({ dir, info }: Side): AsyncGenerator<Uint8Array, undefined> =>
  readTensorBytes(resolve(dir, info.file), info);

/** Elements compared at once: pieces of both sides end at the same element. */
const ELEMENTS = 1 << 20;

/** Undefined where one of both has a dtype whose values are not told. */
async function compareValues(
  a: Side,
  b: Side,
  signal: AbortSignal | undefined,
): Promise<ValueDifference | undefined> {
  const collector = new DifferenceCollector();
  const [left, right] = [elements(a), elements(b)];
  try {
    for (;;) {
      signal?.throwIfAborted();
      const [one, other] = [await left.next(), await right.next()];
      if (one.done === true || other.done === true) return collector.result();
      const x = valuesOf(a.info.dtype, one.value);
      const y = valuesOf(b.info.dtype, other.value);
      if (!x || !y) return undefined;
      collector.add(x, y);
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
}

/** A tensor's bytes in pieces of `ELEMENTS` elements, the last one shorter. */
async function* elements(side: Side): AsyncGenerator<Uint8Array, undefined> {
  const { info } = side;
  const pieceBytes = ELEMENTS * DTYPE_BYTES[info.dtype];
  let rest = new Uint8Array(Math.min(pieceBytes, info.byteLength));
  let filled = 0;
  for await (const read of bytesOf(side)) {
    for (let at = 0; at < read.byteLength;) {
      const length = Math.min(rest.byteLength - filled, read.byteLength - at);
      rest.set(read.subarray(at, at + length), filled);
      at += length;
      filled += length;
      if (filled < rest.byteLength) continue;
      yield rest;
      rest = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield rest.subarray(0, filled);
}
