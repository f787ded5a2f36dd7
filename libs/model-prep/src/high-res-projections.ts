import { HIGH_RES_PROJECTIONS } from './expected-tensors.js';
import type { TensorInfo } from './tensor-info.js';

/**
 * What a checkpoint's high-resolution projections are after the initialisation: `initialised` all are new, `already`
 * all were there and untrained, `completed` some were, `trained` they differ from what an initialisation gives.
 */
export type InitState = 'initialised' | 'already' | 'completed' | 'trained';

/** A projection of the checkpoint and its high-resolution counterpart. */
export interface ProjectionPair {
  from: TensorInfo;
  /** Name of the counterpart: `k_proj_hd` or `v_proj_hd` instead of `k_proj` or `v_proj`. */
  name: string;
  /** The counterpart where the checkpoint has one. */
  to: TensorInfo | undefined;
}

/**
 * Every `k_proj` and `v_proj` of the decoder, weight and bias, with its high-resolution counterpart, layer by layer.
 * The vision tower has projections of the same names; they never get a counterpart.
 *
 * @param layers number of decoder layers
 * @param tensors by their names without `wrapper`
 * @param wrapper what stands in front of every name in the files
 */
export function pairProjections(
  layers: number,
  tensors: ReadonlyMap<string, TensorInfo>,
  wrapper = '',
): ProjectionPair[] {
  const pairs: ProjectionPair[] = [];
  for (let i = 0; i < layers; i++) {
    for (const [low, high] of HIGH_RES_PROJECTIONS) {
      for (const part of ['weight', 'bias']) {
        const from = tensors.get(`model.layers.${i}.self_attn.${low}.${part}`);
        const name = `model.layers.${i}.self_attn.${high}.${part}`;
        if (from) pairs.push({ from, name: wrapper + name, to: tensors.get(name) });
      }
    }
  }
  return pairs;
}

/** The state that an initialisation leaves: `missing` of `total` counterparts are added, the rest are as they were. */
export function initState(total: number, missing: number, trained: boolean): InitState {
  if (trained) return 'trained';
  if (missing === 0) return 'already';
  return missing === total ? 'initialised' : 'completed';
}
