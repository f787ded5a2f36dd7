import { createCipheriv, createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ModelPrepError } from '../errors.js';
import type { ProjectionPair } from '../high-res-projections.js';
import { formatRecipe } from '../init-recipe.js';
import type { InitRecipe } from '../init-recipe.js';
import { bfloat16Bits, float16Bits, float32Bits } from '../round-half.js';
import type { TensorInfo } from '../tensor-info.js';
import { readTensorBytes } from './tensor-bytes.js';
import type { Allocate } from './weight-file.js';

/** Where new projections come from. */
export interface FreshSource {
  dir: string;
  /** `hidden_size`: how many values go into each output of a projection. */
  hiddenSize: number;
  recipe: InitRecipe;
}

/** Bytes of one piece; a multiple of every element and of a cipher block. */
const FRESH_BYTES = 1 << 20;

/**
 * The bytes of a new projection, dense and in pieces; the same on every machine. Copied ones are put into `memory`.
 *
 * @throws ModelPrepError DTYPE_UNSUPPORTED where random values are asked for in another dtype than F32, F16 or BF16
 */
export async function* freshBytes(
  { from, name }: Pick<ProjectionPair, 'from' | 'name'>,
  { dir, hiddenSize, recipe }: FreshSource,
  memory?: Allocate,
): AsyncGenerator<Uint8Array, undefined> {
  if (recipe.strategy === 'copy') yield* readTensorBytes(resolve(dir, from.file), from, memory);
  else if (recipe.strategy === 'zero') yield* zeros(from.byteLength);
  else yield* randomBytes(from, `${formatRecipe(recipe)}:${name}`, 1 / Math.sqrt(hiddenSize));
}

function* zeros(length: number): Generator<Uint8Array, undefined> {
  const piece = new Uint8Array(FRESH_BYTES);
  for (let at = 0; at < length; at += FRESH_BYTES)
    yield piece.subarray(0, Math.min(FRESH_BYTES, length - at));
}

/**
 * Values of 65,536 equal steps within +-bound, chosen by the bits of AES-128-CTR under the SHA-256 of `label`: fast, and
 * nothing is rounded in another way elsewhere.
 */
function* randomBytes(tensor: TensorInfo, label: string, bound: number): Generator<Uint8Array, undefined> {
  const steps = stepTable(tensor, bound);
  const key = createHash('sha256').update(label).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  const elements = tensor.byteLength / steps.BYTES_PER_ELEMENT;
  const zero = new Uint8Array(FRESH_BYTES);
  for (let at = 0; at < elements; at += FRESH_BYTES / 2) {
    const count = Math.min(FRESH_BYTES / 2, elements - at);
    const draws = cipher.update(zero.subarray(0, count * 2));
    const values = steps instanceof Uint32Array ? new Uint32Array(count) : new Uint16Array(count);
    for (let i = 0; i < count; i++) values[i] = steps[draws.readUInt16LE(i * 2)] ?? 0;
    yield new Uint8Array(values.buffer);
  }
}

/** The bits of every value that can be drawn. */
function stepTable({ dtype, file, name }: TensorInfo, bound: number): Uint32Array | Uint16Array {
  const value = (i: number): number => ((2 * i + 1) / 65536 - 1) * bound;
  if (dtype === 'F32') return Uint32Array.from({ length: 65536 }, (_, i) => float32Bits(value(i)));
  if (dtype !== 'F16' && dtype !== 'BF16') {
    const hint = 'choose another strategy';
    const what = `random values: expected F32, F16 or BF16, got ${dtype}`;
    throw new ModelPrepError('DTYPE_UNSUPPORTED', what, { file, item: name, hint });
  }
  const toBits = dtype === 'F16' ? float16Bits : bfloat16Bits;
  return Uint16Array.from({ length: 65536 }, (_, i) => toBits(value(i)));
}
