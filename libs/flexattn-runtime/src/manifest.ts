import { z } from 'zod';
import { SELECTIONS } from './geometry.js';

/** Lies in a compiled folder and lists every other file of it; written last. */
export const MANIFEST_FILE = 'manifest.json';

/** Schema of a compiled folder's manifest. */
export const manifestSchema = z.strictObject({
  format: z.literal('flexattn-compiled'),
  version: z.literal(1),
  selection: z.enum(SELECTIONS),
  /** By path relative to the folder, with `/`. */
  files: z.record(z.string(), z.strictObject({ size: z.number().int(), sha256: z.string().length(64) })),
});

/** What a compiled folder holds. */
export type Manifest = z.output<typeof manifestSchema>;

/** Path of a graph inside a compiled folder. */
export function graphFile(name: string): string {
  return `graphs/${name}.onnx`;
}
