import { RuntimeError } from './error.js';
import { attendingLayers } from './geometry.js';
import type { Geometry } from './geometry.js';
import type { GraphSet, WeightBytes } from './graphs/model-graphs.js';
import { GRID, regionLayout } from './regions.js';

/** What of a model is known before it is loaded. */
export interface ModelSizes {
  geometry: Pick<
    Geometry,
    'layers' | 'heads' | 'kvHeads' | 'headDim' | 'size' | 'hd' | 'selection' | 'firstSelectingLayer'
  >;
  /** Of the graphs that are run, by name. */
  weightBytes: Readonly<Record<string, WeightBytes>>;
}

/** Positions of text that the estimate counts beside the picture's. */
const TEXT_POSITIONS = 512;
/** Activations of a prompt, ONNX Runtime itself and Node. */
const WORKING_BYTES = 2 ** 29;
const FLOAT_BYTES = 4;
/** Scores, masked scores and weights of one layer lie side by side where attention is written out. */
const SCORE_COPIES = 3;

/**
 * Bytes of the machine's memory that a model takes: weights, keys and values of one prompt, pictures that are kept, and
 * room to work. The graphs of GPUs also have all high-res keys and values, and the loop reads 16-bit weights beside
 * their wide copies.
 *
 * @param keepsHalf - the decoder's weights of 16 bits, and with them keys and values, stay so
 */
export function memoryNeeded(
  sizes: ModelSizes,
  graphs: GraphSet,
  cacheBytes: number,
  keepsHalf = false,
): number {
  const { stored, loaded } = totalWeights(sizes);
  const floatBytes = keepsHalf && loaded > stored ? FLOAT_BYTES / 2 : FLOAT_BYTES;
  const whole = graphs === 'steps' ? 0 : highBytes(sizes, floatBytes) + scoreBytes(sizes);
  const copies = graphs === 'loop' && loaded > stored ? stored : 0;
  const tower = sizes.weightBytes['plainVision'] ?? { stored: 0, loaded: 0 };
  const weights = keepsHalf ? stored - tower.stored + tower.loaded : loaded + copies;
  return weights + promptBytes(sizes, floatBytes) + whole + cacheBytes + WORKING_BYTES;
}

/**
 * Bytes of a GPU's memory that the loop takes: the tower's weights in 32 bits and the decoder's as they are stored, all
 * keys and values, and room to work.
 */
export function gpuMemoryNeeded(sizes: ModelSizes): number {
  const { vision, loop } = sizes.weightBytes;
  if (vision === undefined || loop === undefined)
    throw new RangeError('a GPU runs the graphs "vision" and "loop"');
  const floatBytes = loop.loaded > loop.stored ? FLOAT_BYTES / 2 : FLOAT_BYTES;
  const kept = promptBytes(sizes, floatBytes) + highBytes(sizes, floatBytes);
  return vision.loaded + loop.stored + kept + scoreBytes(sizes) + WORKING_BYTES;
}

/** What the machine needs where the weights lie on a GPU: pictures that are kept, and room to work. */
export function hostMemoryNeeded(cacheBytes: number): number {
  return cacheBytes + WORKING_BYTES;
}

/**
 * @param where - whose memory it is, for the message
 * @throws RuntimeError OUT_OF_MEMORY where a model needs more than there is, in bytes
 */
export function requireMemory(needed: number, available: number, where = ''): void {
  if (needed <= available) return;
  const what = `needs ${gigabytes(needed)} GB${where}, ${gigabytes(available)} GB free`;
  throw new RuntimeError('OUT_OF_MEMORY', what, { hint: 'use --precision int8 or int4, or another machine' });
}

function totalWeights({ weightBytes }: ModelSizes): WeightBytes {
  const total = { stored: 0, loaded: 0 };
  for (const { stored, loaded } of Object.values(weightBytes)) {
    total.stored += stored;
    total.loaded += loaded;
  }
  return total;
}

/** Keys and values of one prompt. */
function promptBytes({ geometry }: ModelSizes, floatBytes: number): number {
  const { layers, kvHeads, headDim, size } = geometry;
  return 2 * layers * kvHeads * headDim * floatBytes * (size ** 2 + TEXT_POSITIONS);
}

/** Keys and values of all high-res tokens of one picture. */
function highBytes({ geometry }: ModelSizes, floatBytes: number): number {
  const { kvHeads, headDim, hd } = geometry;
  const places = GRID ** 2 * regionLayout(hd).perRegion;
  return 2 * attendingLayers(geometry).length * kvHeads * headDim * floatBytes * places;
}

/** Attention scores of one layer of a prompt. */
function scoreBytes({ geometry }: ModelSizes): number {
  const { heads, size } = geometry;
  return SCORE_COPIES * heads * (size ** 2 + TEXT_POSITIONS) ** 2 * FLOAT_BYTES;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
