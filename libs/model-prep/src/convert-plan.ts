import { ModelPrepError } from './errors.js';
import { planShard, planText, PYTORCH_FILES } from './init-plan.js';
import type { PlannedFile } from './init-plan.js';
import { groupBySize } from './shard-groups.js';
import type { TensorInfo } from './tensor-info.js';
import { formatWeightIndex, shardName, WEIGHT_NAMES } from './weight-index.js';
import type { WeightIndex } from './weight-index.js';

/** What a conversion starts from. */
export interface ConvertInput {
  /** All files of the checkpoint. */
  files: readonly { path: string; source: string; bytes: number }[];
  tensors: ReadonlyMap<string, TensorInfo>;
  index?: WeightIndex | undefined;
  /** Bytes of tensors in one shard. */
  maxShardBytes: number;
}

/**
 * The files of the converted checkpoint, in the order to write them: links to all that is no PyTorch weight, shards,
 * their index. Tensors are dealt out in natural order of names, so the result does not depend on how the original was
 * split.
 *
 * @throws ModelPrepError NAME_TAKEN where another file of the checkpoint has the name of one that is to be written
 */
export function planConversion({ files, tensors, index, maxShardBytes }: ConvertInput): PlannedFile[] {
  const groups = tensors.size === 0 ? [[]] : groupBySize([...tensors.values()], maxShardBytes);
  const { single, index: indexFile } = WEIGHT_NAMES.safetensors;
  const name = (i: number): string => (groups.length === 1 ? single : shardName(i, groups.length));
  const written: PlannedFile[] = groups.map((group, i) => planShard(group, name(i)));
  if (groups.length !== 1) {
    const placed = groups.flatMap((group, i) => group.map((tensor) => ({ ...tensor, file: name(i) })));
    const text = formatWeightIndex(placed, index?.metadata ?? {});
    written.push(planText(indexFile, text));
  }
  const names = new Set(written.map(({ path }) => path));
  const linked: PlannedFile[] = [];
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
