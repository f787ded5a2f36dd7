import { z } from 'zod';
import { ModelPrepError } from './errors.js';
import { naturalOrder } from './natural-order.js';

/** How weights are stored: safetensors, or the zip files of `torch.save`. */
export type WeightFormat = 'safetensors' | 'pytorch';

/** The usual names of each format, as transformers writes and looks for them. */
export const WEIGHT_NAMES = {
  safetensors: {
    single: 'model.safetensors',
    index: 'model.safetensors.index.json',
    extension: '.safetensors',
  },
  pytorch: { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', extension: '.bin' },
} as const satisfies Record<WeightFormat, { single: string; index: string; extension: string }>;

/** Name of the file that says which safetensors shard holds which tensor. */
export const INDEX_FILE = WEIGHT_NAMES.safetensors.index;

/** `model.safetensors.index.json`: tensor name to shard file. */
export interface WeightIndex {
  metadata: Record<string, unknown>;
  weight_map: Record<string, string>;
}

const shape = z.object({
  metadata: z.record(z.string(), z.unknown()).default({}),
  weight_map: z.record(z.string(), z.string()),
});

/** Plain names: shards lie beside their index, and a name with `..` or a drive would leave the folder. */
const PLAIN_NAME = /^[^./\\:\0][^/\\:\0]*$/;

/** @throws ModelPrepError BAD_INDEX where the content is not an index of shards of this format */
export function parseWeightIndex(
  content: unknown,
  file: string,
  format: WeightFormat = 'safetensors',
): WeightIndex {
  const result = shape.safeParse(content);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw badIndex(file, issue?.path.join('.'), issue?.message ?? 'not an index');
  }
  const { extension } = WEIGHT_NAMES[format];
  for (const [name, shard] of Object.entries(result.data.weight_map)) {
    if (PLAIN_NAME.test(shard) && shard.endsWith(extension)) continue;
    const what = `expected the name of a ${extension} file in this folder, got ${JSON.stringify(shard)}`;
    throw badIndex(file, `weight_map.${name}`, what);
  }
  return result.data;
}

const badIndex = (file: string, item: string | undefined, what: string): ModelPrepError =>
  new ModelPrepError('BAD_INDEX', what, { file, item, hint: 'fetch the index again' });

/** Which tensors each shard holds. */
type Shards = ReadonlyMap<string, { readonly tensors: ReadonlyMap<string, unknown> }>;

/**
 * Index and shards say the same: every tensor lies in the shard that the index names, and in no other.
 *
 * @param indexFile path of the index; the shards lie beside it
 * @throws ModelPrepError TENSOR_NOT_IN_SHARD, TENSOR_IN_TWO_SHARDS or TENSOR_NOT_IN_INDEX
 */
export function checkWeightIndex(index: WeightIndex, shards: Shards, indexFile: string): void {
  const beside = (shard: string): string => indexFile.replace(/[^/\\]*$/, '') + shard;
  const named = new Map(Object.entries(index.weight_map));
  for (const [name, shard] of named) {
    if (shards.get(shard)?.tensors.has(name)) continue;
    const what = `the index names ${shard}, which holds no such tensor`;
    const hint = 'index and shards are of different versions: fetch both again';
    throw new ModelPrepError('TENSOR_NOT_IN_SHARD', what, { file: indexFile, item: name, hint });
  }
  for (const [shard, { tensors }] of shards) {
    for (const name of tensors.keys()) {
      const expected = named.get(name);
      if (expected === shard) continue;
      const where = { file: beside(shard), item: name };
      if (expected === undefined) {
        const what = 'expected the index to name this tensor, got nothing';
        const hint = 'index and shards are of different versions: fetch both again';
        throw new ModelPrepError('TENSOR_NOT_IN_INDEX', what, { ...where, hint });
      }
      const what = `expected one shard, got ${expected} (as the index says) and ${shard}`;
      const hint = 'write the checkpoint again from one source';
      throw new ModelPrepError('TENSOR_IN_TWO_SHARDS', what, { ...where, hint });
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
export const shardName = (i: number, count: number, stem = 'model'): string =>
  `${stem}-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;
