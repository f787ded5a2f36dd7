import { ModelPrepError } from './errors.js';
import type { ProjectionPair } from './high-res-projections.js';
import { layoutSafetensors } from './safetensors-writer.js';
import type { TensorInfo } from './tensor-info.js';
import { formatWeightIndex, INDEX_FILE, shardName } from './weight-index.js';
import type { WeightIndex } from './weight-index.js';

/** A file of the new folder, and where its bytes come from. */
export type PlannedFile = { path: string; bytes: number } & (
  | { how: 'link'; source: string }
  | { how: 'text'; text: string }
  /** The header, then the data of `copies`, one behind the other. */
  | { how: 'shard'; header: Uint8Array; copies: TensorInfo[] }
);

/** What the new folder is made of. */
export interface InitInput {
  /** All files of the checkpoint. */
  files: readonly { path: string; source: string; bytes: number }[];
  weights: { files: readonly string[]; tensors: ReadonlyMap<string, TensorInfo>; index?: WeightIndex };
  configText: { before: string; after: string };
  /** Pairs whose counterpart is to be added. */
  missing: readonly ProjectionPair[];
  strategy: 'copy';
}

/**
 * The files of the new folder, in the order to write them: links, the new shard, the index, config.json.
 *
 * With something to add, N weight files are linked as shards 1 to N of N + 1 and the new tensors are the last shard.
 * A `model.safetensors` cannot keep its name: readers that find one look no further and would miss the rest.
 *
 * @throws ModelPrepError NAME_TAKEN where another file of the checkpoint has the name of one that is to be written
 */
export function planInit(input: InitInput): PlannedFile[] {
  const { files, weights, configText, missing } = input;
  const count = weights.files.length + 1;
  const rename = new Map(
    missing.length > 0 ? weights.files.map((file, i) => [file, shardName(i, count)]) : [],
  );
  const rewritten = new Set<string>();
  if (missing.length > 0) rewritten.add(INDEX_FILE);
  if (configText.after !== configText.before) rewritten.add('config.json');

  const planned: PlannedFile[] = files
    .filter(({ path }) => !rewritten.has(path))
    .map(({ path, source, bytes }) => ({ path: rename.get(path) ?? path, bytes, how: 'link', source }));
  if (missing.length > 0) {
    const shard = planShard(missing, shardName(count - 1, count), input.strategy);
    const old = [...weights.tensors.values()].map((info) => ({
      ...info,
      file: rename.get(info.file) ?? info.file,
    }));
    const added = missing.map(({ from, name }) => ({ name, file: shard.path, byteLength: from.byteLength }));
    planned.push(
      shard,
      planText(INDEX_FILE, formatWeightIndex([...old, ...added], weights.index?.metadata ?? {})),
    );
  }
  if (rewritten.has('config.json')) planned.push(planText('config.json', configText.after));
  checkNames(planned);
  return planned;
}

function planShard(missing: readonly ProjectionPair[], path: string, strategy: string): PlannedFile {
  const sources = new Map(missing.map(({ from, name }) => [name, from]));
  const shapes = missing.map(({ from, name }) => ({ name, dtype: from.dtype, shape: from.shape }));
  // transformers refuses a file without a format.
  const { header, tensors } = layoutSafetensors(shapes, { format: 'pt', high_res_projections: strategy });
  const copies = tensors.flatMap(({ name }) => sources.get(name) ?? []);
  const bytes = copies.reduce((sum, { byteLength }) => sum + byteLength, header.byteLength);
  return { path, bytes, how: 'shard', header, copies };
}

const planText = (path: string, text: string): PlannedFile => ({
  path,
  bytes: new TextEncoder().encode(text).byteLength,
  how: 'text',
  text,
});

function checkNames(planned: readonly PlannedFile[]): void {
  const seen = new Set<string>();
  for (const { path } of planned) {
    if (seen.has(path)) {
      const hint = 'a file that no index names has it; move it out of the checkpoint';
      throw new ModelPrepError('NAME_TAKEN', 'expected this name to be free, got two files', {
        file: path,
        hint,
      });
    }
    seen.add(path);
  }
}
