import { naturalOrder } from './natural-order.js';
import type { TensorInfo } from './tensor-info.js';

/** Tensors that differ only in the layer they belong to. */
export interface TensorGroup {
  /** With `*` in the place of the layer. */
  name: string;
  dtype: string;
  shape: number[];
  /** Tensors, and the first and last layer where the name has one. */
  count: number;
  layers?: [first: number, last: number];
  parameters: number;
  bytes: number;
}

/** A part of the model: what stands in front of the names of its tensors. */
export interface CheckpointModule {
  name: 'decoder' | 'high-resolution projections' | 'projector' | 'vision tower' | 'other';
  tensors: number;
  parameters: number;
  bytes: number;
  groups: TensorGroup[];
}

const MODULES: readonly [CheckpointModule['name'], RegExp][] = [
  ['vision tower', /^model\.vision_tower\./],
  ['projector', /^model\.mm_projector\./],
  ['high-resolution projections', /^model\.layers\.\d+\.self_attn\.[kv]_proj_hd\./],
  ['decoder', /^(?:model\.(?:layers|embed_tokens|norm)\.|lm_head\.)/],
  ['other', /^/],
];

/** Elements of a shape. */
export const parametersOf = ({ shape }: Pick<TensorInfo, 'shape'>): number =>
  shape.reduce((product, n) => product * n, 1);

/** Tensors by part of the model, those of all layers together where dtype and shape agree. */
export function groupByModule(tensors: ReadonlyMap<string, TensorInfo>): CheckpointModule[] {
  const modules = new Map<string, Map<string, TensorGroup>>();
  for (const [name] of MODULES) modules.set(name, new Map());
  for (const [name, info] of [...tensors].sort(([a], [b]) => naturalOrder(a, b))) {
    const [module] = MODULES.find(([, pattern]) => pattern.test(name)) ?? ['other'];
    const groups = modules.get(module);
    if (groups) addToGroup(groups, name, info);
  }
  return MODULES.flatMap(([name]): CheckpointModule[] => {
    const groups = [...(modules.get(name)?.values() ?? [])];
    if (groups.length === 0) return [];
    const sum = (key: 'count' | 'parameters' | 'bytes'): number =>
      groups.reduce((total, group) => total + group[key], 0);
    return [{ name, tensors: sum('count'), parameters: sum('parameters'), bytes: sum('bytes'), groups }];
  });
}

function addToGroup(groups: Map<string, TensorGroup>, name: string, info: TensorInfo): void {
  const layer = /\.layers\.(\d+)\./.exec(name)?.[1];
  const pattern = layer === undefined ? name : name.replace(`.layers.${layer}.`, '.layers.*.');
  const key = `${pattern} ${info.dtype} ${info.shape.join()}`;
  const group = groups.get(key) ?? {
    name: pattern,
    dtype: info.dtype,
    shape: info.shape,
    count: 0,
    parameters: 0,
    bytes: 0,
    ...(layer !== undefined && { layers: [Number(layer), Number(layer)] as [number, number] }),
  };
  group.count++;
  group.parameters += parametersOf(info);
  group.bytes += info.byteLength;
  if (group.layers) group.layers[1] = Number(layer);
  groups.set(key, group);
}
