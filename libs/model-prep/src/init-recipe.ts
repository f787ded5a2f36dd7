/**
 * How a new projection gets its values. `copy`: those of `k_proj` or `v_proj`, as published. `zero`: zeros.
 * `random`: as a new `torch.nn.Linear`, uniform within 1 / sqrt(hidden_size), from a seed; for ablations.
 */
export type InitStrategy = 'copy' | 'random' | 'zero';

/** What decides every value of a new projection, together with the checkpoint. */
export interface InitRecipe {
  strategy: InitStrategy;
  /** Of `random`; a whole number from 0. */
  seed: number;
}

/** Key in a shard's `__metadata__` that says which recipe its projections come from. */
export const RECIPE_KEY = 'high_res_projections';

/** The recipe as a shard's metadata has it: `copy`, `zero`, `random:7`. */
export const formatRecipe = ({ strategy, seed }: InitRecipe): string =>
  strategy === 'random' ? `random:${seed}` : strategy;

/** The recipe of a shard's metadata; that of the published initialisation where it says nothing. */
export function parseRecipe(text: string | undefined): InitRecipe {
  const seed = /^random:(\d{1,15})$/.exec(text ?? '')?.[1];
  if (seed !== undefined) return { strategy: 'random', seed: Number(seed) };
  return { strategy: text === 'zero' ? 'zero' : 'copy', seed: 0 };
}
