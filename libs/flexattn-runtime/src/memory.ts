import { RuntimeError } from './error.js';
import type { Geometry } from './geometry.js';

/** What of a model is known before it is loaded. */
export interface ModelSizes {
  geometry: Geometry;
  /** Bytes that the weights take once they are loaded. */
  weightBytes: number;
}

/** Positions of text that the estimate counts beside the picture's. */
const TEXT_POSITIONS = 512;
/** Activations of a prompt, ONNX Runtime itself and Node. */
const WORKING_BYTES = 2 ** 29;

/** Bytes that a model takes: weights, keys and values of one prompt, pictures that are kept, and room to work. */
export function memoryNeeded({ geometry, weightBytes }: ModelSizes, cacheBytes: number): number {
  const { layers, kvHeads, headDim, size } = geometry;
  const perPosition = 2 * layers * kvHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
  return weightBytes + perPosition * (size ** 2 + TEXT_POSITIONS) + cacheBytes + WORKING_BYTES;
}

/** @throws RuntimeError OUT_OF_MEMORY where a model needs more than there is, in bytes */
export function requireMemory(sizes: ModelSizes, cacheBytes: number, available: number): void {
  const needed = memoryNeeded(sizes, cacheBytes);
  if (needed <= available) return;
  const what = `needs ${gigabytes(needed)} GB, ${gigabytes(available)} GB free`;
  throw new RuntimeError('OUT_OF_MEMORY', what, { hint: 'use --precision int8 or int4, or another machine' });
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
