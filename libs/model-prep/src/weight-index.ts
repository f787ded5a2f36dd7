import { z } from 'zod';
import { ModelPrepError } from './errors.js';
import { naturalOrder } from './natural-order.js';
import type { SafetensorsHeader } from './safetensors-header.js';

/** Name of the file that says which shard holds which tensor. */
export const INDEX_FILE = 'model.safetensors.index.json';

/** `model.safetensors.index.json`: tensor name to shard file. */
export interface WeightIndex {
  metadata: Record<string, unknown>;
  weight_map: Record<string, string>;
}

const schema = z.object({
  metadata: z.record(z.string(), z.unknown()).default({}),
  // Plain names: shards lie beside their index, and a name with `..` or a drive would leave the folder.
  weight_map: z.record(
    z.string(),
    z
      .string()
      .regex(
        /^[^./\\:\0][^/\\:\0]*\.safetensors$/,
        'expected the name of a .safetensors file in this folder',
      ),
  ),
});

/** @throws ModelPrepError BAD_INDEX where the content is not an index */
export function parseWeightIndex(content: unknown, file: string): WeightIndex {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ModelPrepError('BAD_INDEX', issue?.message ?? 'not an index', {
    file,
    item: issue?.path.join('.'),
  });
}

/**
 * Index and shards say the same: every tensor lies in the shard that the index names, and in no other.
 *
 * @throws ModelPrepError TENSOR_NOT_IN_SHARD, TENSOR_IN_TWO_SHARDS or TENSOR_NOT_IN_INDEX
 */
export function checkWeightIndex(index: WeightIndex, shards: ReadonlyMap<string, SafetensorsHeader>): void {
  const named = new Map(Object.entries(index.weight_map));
  for (const [name, file] of named) {
    if (shards.get(file)?.tensors.has(name)) continue;
    const what = `the index names ${file}, which holds no such tensor`;
    throw new ModelPrepError('TENSOR_NOT_IN_SHARD', what, { file: INDEX_FILE, item: name });
  }
  for (const [file, { tensors }] of shards) {
    for (const name of tensors.keys()) {
      const expected = named.get(name);
      if (expected === file) continue;
      if (expected === undefined) {
        const what = 'expected the index to name this tensor, got nothing';
        throw new ModelPrepError('TENSOR_NOT_IN_INDEX', what, { file, item: name });
      }
      const what = `expected one shard, got ${expected} (as the index says) and ${file}`;
      throw new ModelPrepError('TENSOR_IN_TWO_SHARDS', what, { file, item: name });
    }
  }
}

/** One tensor of an index to be written. */
export interface IndexedTensor {
  name: string;
  file: string;
  /** Bytes. */
  byteLength: number;
}

/** The text of an index: names in natural order, `total_size` counted anew, the other metadata kept. */
export function formatWeightIndex(
  tensors: readonly IndexedTensor[],
  metadata: WeightIndex['metadata'],
): string {
  const ordered = [...tensors].sort((a, b) => naturalOrder(a.name, b.name));
  const index: WeightIndex = {
    metadata: { ...metadata, total_size: ordered.reduce((sum, { byteLength }) => sum + byteLength, 0) },
    weight_map: Object.fromEntries(ordered.map(({ name, file }) => [name, file])),
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}

/** The usual name of shard `i` (from 0) of `count`. */
export const shardName = (i: number, count: number): string =>
  `model-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;
