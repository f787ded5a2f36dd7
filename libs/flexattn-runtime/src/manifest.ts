import { z } from 'zod';
import { SELECTIONS } from './geometry.js';
import type { ChosenSelection, Geometry } from './geometry.js';
import { PRECISIONS } from './quantise/precision.js';

/** Lies in a compiled folder and lists every other file of it; written last. */
export const MANIFEST_FILE = 'manifest.json';
/** Counts up whenever graphs or manifest of a compiled folder change. */
export const MANIFEST_VERSION = 4;

const count = z.number().int().nonnegative();

/** Sizes and constants of a model: a `Geometry` without its selection. */
const geometrySchema = z.strictObject({
  hiddenSize: count,
  intermediateSize: count,
  layers: count,
  heads: count,
  kvHeads: count,
  headDim: z.number(),
  normEpsilon: z.number(),
  ropeTheta: z.number(),
  vocabSize: count,
  maxPositions: count,
  endOfText: count,
  tiedEmbeddings: z.boolean(),
  vision: z.strictObject({
    hiddenSize: count,
    intermediateSize: count,
    layers: count,
    heads: count,
    patchSize: count,
    normEpsilon: z.number(),
  }),
  lowresSize: count,
  highresSize: count,
  zoom: count,
  size: count,
  hd: count,
}) satisfies z.ZodType<Omit<Geometry, keyof ChosenSelection>>;

/** Schema of a compiled folder's manifest. */
export const manifestSchema = z.strictObject({
  format: z.literal('flexattn-compiled'),
  version: z.literal(MANIFEST_VERSION),
  /** How regions are selected, the checkpoint's own figures filled in. */
  selection: z.strictObject({
    selection: z.enum(SELECTIONS),
    share: z.number().min(0).max(1),
    seed: z.number().int().nonnegative(),
    threshold: z.number().nonnegative(),
    firstSelectingLayer: z.number().int().nonnegative(),
  }),
  precision: z.enum(PRECISIONS),
  geometry: geometrySchema,
  /** By graph: bytes of its weights in their files, and with 16-bit floats widened to 32. */
  weightBytes: z.record(z.string(), z.strictObject({ stored: count, loaded: count })),
  /** By path relative to the folder, with `/`. */
  files: z.record(z.string(), z.strictObject({ size: z.number().int(), sha256: z.string().length(64) })),
});

/** What a compiled folder holds. */
export type Manifest = z.output<typeof manifestSchema>;

/** Path of a graph inside a compiled folder. */
export function graphFile(name: string): string {
  return `graphs/${name}.onnx`;
}
