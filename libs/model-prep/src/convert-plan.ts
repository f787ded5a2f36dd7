import { ModelPrepError } from './errors.js';
import { layoutSafetensors } from './safetensors-writer.js';
import { groupBySize } from './shard-groups.js';
import type { TensorInfo } from './tensor-info.js';
import { formatWeightIndex, shardName, WEIGHT_NAMES } from './weight-index.js';
import type { WeightIndex } from './weight-index.js';

/** A file of the converted checkpoint, and where its bytes come from. */
export type ConvertedFile = { path: string; bytes: number } & (
  | { how: 'link'; source: string }
  | { how: 'text'; text: string }
  /** The header, then the data of the tensors, one behind the other. */
  | { how: 'shard'; header: Uint8Array; tensors: TensorInfo[] }
);

/** What a conversion starts from. */
export interface ConvertInput {
  /** All files of the checkpoint. */
  files: readonly { path: string; source: string; bytes: number }[];
  tensors: ReadonlyMap<string, TensorInfo>;
  index?: WeightIndex | undefined;
  /** Bytes of tensors in one shard. */
  maxShardBytes: number;
}

/** Weights as PyTorch's own files, under the names that transformers looks for. */
const PYTORCH_FILES = /^pytorch_model[^/]*\.bin(\.index\.json)?$/;

/**
 * The files of the converted checkpoint, in the order to write them: links to all that is no PyTorch weight, shards,
 * their index. Tensors are dealt out in natural order of names, so the result does not depend on how the original was
 * split.
 *
 * @throws ModelPrepError NAME_TAKEN where another file of the checkpoint has the name of one that is to be written
 */
export function planConversion({ files, tensors, index, maxShardBytes }: ConvertInput): ConvertedFile[] {
  const groups = tensors.size === 0 ? [[]] : groupBySize([...tensors.values()], maxShardBytes);
  const { single, index: indexFile } = WEIGHT_NAMES.safetensors;
  const name = (i: number): string => (groups.length === 1 ? single : shardName(i, groups.length));
  const written: ConvertedFile[] = groups.map((group, i) => planShard(group, name(i)));
  if (groups.length !== 1) {
    const placed = groups.flatMap((group, i) => group.map((tensor) => ({ ...tensor, file: name(i) })));
    const text = formatWeightIndex(placed, index?.metadata ?? {});
    written.push({ path: indexFile, bytes: new TextEncoder().encode(text).byteLength, how: 'text', text });
  }
  const names = new Set(written.map(({ path }) => path));
  const linked: ConvertedFile[] = [];
  for (const file of files) {
    if (PYTORCH_FILES.test(file.path)) continue;
    if (names.has(file.path)) {
      const what = 'expected this name to be free for the converted weights, got a file of the checkpoint';
      throw new ModelPrepError('NAME_TAKEN', what, {
        file: file.source,
        hint: 'move it out of the checkpoint',
      });
    }
    linked.push({ ...file, how: 'link' });
  }
  return [...linked, ...written];
}

function planShard(group: readonly TensorInfo[], path: string): ConvertedFile {
  const byName = new Map(group.map((tensor) => [tensor.name, tensor]));
  // transformers refuses a file without a format.
  const { header, tensors } = layoutSafetensors(group, { format: 'pt' });
  const bytes = header.byteLength + (tensors.at(-1)?.dataOffsets[1] ?? 0);
  return {
    path,
    bytes,
    how: 'shard',
    header,
    tensors: tensors.flatMap((entry) => byName.get(entry.name) ?? []),
  };
}
