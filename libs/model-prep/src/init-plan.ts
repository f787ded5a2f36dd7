import { ModelPrepError } from './errors.js';
import type { ProjectionPair } from './high-res-projections.js';
import { formatRecipe, RECIPE_KEY } from './init-recipe.js';
import type { InitRecipe } from './init-recipe.js';
import { layoutSafetensors } from './safetensors-writer.js';
import { groupBySize } from './shard-groups.js';
import type { TensorInfo } from './tensor-info.js';
import { formatWeightIndex, INDEX_FILE, shardName } from './weight-index.js';
import type { IndexedTensor, WeightFormat, WeightIndex } from './weight-index.js';

/** A file of the new folder, and where its bytes come from. */
export type PlannedFile = { path: string; bytes: number } & (
  | { how: 'link'; source: string }
  | { how: 'text'; text: string }
  /** The header, then the data of new projections, one behind the other. */
  | { how: 'fresh'; header: Uint8Array; pairs: ProjectionPair[] }
  /** The header, then the data of tensors that are written again: beside replaced ones, or out of PyTorch files. */
  | { how: 'rest'; header: Uint8Array; tensors: TensorInfo[] }
);

/** What the new folder is made of. */
export interface InitInput {
  /** All files of the checkpoint. */
  files: readonly { path: string; source: string; bytes: number }[];
  weights: {
    format: WeightFormat;
    files: readonly string[];
    tensors: ReadonlyMap<string, TensorInfo>;
    metadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
    index?: WeightIndex;
  };
  configText: { before: string; after: string };
  /** Pairs whose counterpart is to be written; one that is there is replaced. */
  wanted: readonly ProjectionPair[];
  recipe: InitRecipe;
  /** Shards keep their names: the checkpoint's own folder is extended. */
  inPlace: boolean;
  maxShardBytes: number;
}

/** Bytes of tensors in one shard: what transformers writes by default. */
export const MAX_SHARD_BYTES = 5e9;

/**
 * The files of the new folder, in the order to write them: links, new shards, config.json, the index.
 *
 * With something to add, N weight files are linked as shards 1 to N of N + K and the new tensors are the last K.
 * A `model.safetensors` cannot keep its name: readers that find one look no further and would miss the rest.
 * PyTorch files are written again as safetensors shards, because readers look into an index of one format only.
 *
 * @throws ModelPrepError NAME_TAKEN where another file of the checkpoint has the name of one that is to be written
 */
export function planInit(input: InitInput): PlannedFile[] {
  const { files, weights, configText, wanted } = input;
  const isChanged = wanted.length > 0;
  const replaced = new Set(wanted.flatMap(({ to }) => to?.name ?? []));
  const kept = isChanged ? keptTensors(input, replaced) : new Map<string, TensorInfo[]>();
  const names = shardNames(input, [...kept.keys()]);
  const planned: PlannedFile[] = [];
  const made = new Set(names.fresh.map(({ path }) => path));
  for (const { path, source, bytes } of files) {
    // In place a shard that an interrupted run left is written again.
    if (input.inPlace && made.has(path)) continue;
    if (isChanged && (path === INDEX_FILE || PYTORCH_FILES.test(path))) continue;
    if (path === 'config.json' && configText.after !== configText.before) continue;
    const tensors = isChanged && weights.files.includes(path) ? kept.get(path) : undefined;
    if (isChanged && weights.files.includes(path) && !tensors) continue;
    const target = names.old.get(path) ?? path;
    const whole = tensors?.length === countIn(weights.tensors, path);
    if (!tensors || whole) planned.push({ path: target, bytes, how: 'link', source });
    else planned.push(planShard(tensors, target, weights.metadata.get(path)));
  }
  if (weights.format === 'pytorch') {
    for (const [shard, tensors] of kept) planned.push(planShard(tensors, names.old.get(shard) ?? shard));
  }
  const fresh = names.fresh.map(({ path, pairs }) => planFresh(pairs, path, input.recipe));
  planned.push(...fresh);
  if (configText.after !== configText.before) planned.push(planText('config.json', configText.after));
  if (isChanged) {
    const old = [...kept].flatMap(([file, tensors]) =>
      tensors.map((info): IndexedTensor => ({ ...info, file: names.old.get(file) ?? file })),
    );
    const added = names.fresh.flatMap(({ path, pairs }) =>
      pairs.map(({ from, name }): IndexedTensor => ({ name, file: path, byteLength: from.byteLength })),
    );
    planned.push(planText(INDEX_FILE, formatWeightIndex([...old, ...added], weights.index?.metadata ?? {})));
  }
  if (!input.inPlace) checkNames(planned);
  return planned;
}

/** PyTorch weights: read and written again, or beside the safetensors that count; they would lack the projections. */
export const PYTORCH_FILES = /^pytorch_model[^/]*\.bin(\.index\.json)?$/;

const countIn = (tensors: ReadonlyMap<string, TensorInfo>, file: string): number =>
  [...tensors.values()].filter((tensor) => tensor.file === file).length;

/** The tensors that stay, by file (out of PyTorch files: by new shard); a file of which none stays is left out. */
function keptTensors(
  { weights: { format, files, tensors }, maxShardBytes }: InitInput,
  replaced: ReadonlySet<string>,
): Map<string, TensorInfo[]> {
  if (format === 'pytorch') {
    const stay = [...tensors.values()].filter(({ name }) => !replaced.has(name));
    const groups = groupBySize(stay, maxShardBytes);
    return new Map(groups.map((group, i) => [shardName(i, groups.length), group]));
  }
  const kept = new Map<string, TensorInfo[]>();
  for (const file of files) {
    const stay = [...tensors.values()].filter((info) => info.file === file && !replaced.has(info.name));
    if (stay.length > 0) kept.set(file, stay);
  }
  return kept;
}

interface ShardNames {
  old: ReadonlyMap<string, string>;
  fresh: { path: string; pairs: ProjectionPair[] }[];
}

function shardNames(
  { wanted, weights, inPlace, maxShardBytes }: InitInput,
  kept: readonly string[],
): ShardNames {
  const sized = wanted.map((pair) => ({ pair, name: pair.name, byteLength: pair.from.byteLength }));
  const groups = groupBySize(sized, maxShardBytes).map((group) => group.map(({ pair }) => pair));
  if (inPlace && weights.index) {
    const taken = new Set(Object.values(weights.index.weight_map));
    let stem = 'model-high-res';
    for (let i = 2; taken.has(shardName(0, groups.length, stem)); i++) stem = `model-high-res-${i}`;
    const fresh = groups.map((pairs, i) => ({ path: shardName(i, groups.length, stem), pairs }));
    return { old: new Map(), fresh };
  }
  const count = kept.length + groups.length;
  return {
    old: new Map(groups.length > 0 ? kept.map((file, i) => [file, shardName(i, count)]) : []),
    fresh: groups.map((pairs, i) => ({ path: shardName(kept.length + i, count), pairs })),
  };
}

function planFresh(pairs: readonly ProjectionPair[], path: string, recipe: InitRecipe): PlannedFile {
  const byName = new Map(pairs.map((pair) => [pair.name, pair]));
  const shapes = pairs.map(({ from, name }) => ({ name, dtype: from.dtype, shape: from.shape }));
  // transformers refuses a file without a format.
  const { header, tensors } = layoutSafetensors(shapes, { format: 'pt', [RECIPE_KEY]: formatRecipe(recipe) });
  const bytes = header.byteLength + (tensors.at(-1)?.dataOffsets[1] ?? 0);
  return { path, bytes, how: 'fresh', header, pairs: tensors.flatMap(({ name }) => byName.get(name) ?? []) };
}

/**
 * A shard of tensors that lie elsewhere.
 *
 * @param metadata of the file; transformers refuses one without a format
 */
export function planShard(
  stay: readonly TensorInfo[],
  path: string,
  metadata: ReadonlyMap<string, string> = new Map([['format', 'pt']]),
): PlannedFile {
  const byName = new Map(stay.map((info) => [info.name, info]));
  const { header, tensors } = layoutSafetensors(stay, Object.fromEntries(metadata));
  const bytes = header.byteLength + (tensors.at(-1)?.dataOffsets[1] ?? 0);
  return { path, bytes, how: 'rest', header, tensors: tensors.flatMap(({ name }) => byName.get(name) ?? []) };
}

/** A small file. */
export const planText = (path: string, text: string): PlannedFile => ({
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
