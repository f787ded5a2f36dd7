import { ModelPrepError } from './errors.js';

/**
 * How a new projection gets its values. `copy`: those of `k_proj` or `v_proj`, as published. `zero`: zeros.
 * `random`: as a new `torch.nn.Linear`, uniform within 1 / sqrt(hidden_size), from a seed; for ablations.
 */
export type InitStrategy = 'copy' | 'random' | 'zero';

/** What decides every value of a new projection, together with the checkpoint. */
export interface InitRecipe {
  strategy: InitStrategy;
  /** Of `random`; a whole number from 0, of at most 15 digits. */
  seed: number;
}

const STRATEGIES: readonly string[] = ['copy', 'random', 'zero'] satisfies InitStrategy[];

/** What a shard's metadata can hold: 15 digits. */
const MAX_SEED = 1e15 - 1;

/** @throws ModelPrepError BAD_RECIPE where a shard could not say later what its projections come from */
export function checkRecipe({ strategy, seed }: InitRecipe): void {
  const hint = 'correct the option of the initialisation';
  if (!STRATEGIES.includes(strategy)) {
    const what = `expected ${STRATEGIES.join(', ')}, got "${strategy}"`;
    throw new ModelPrepError('BAD_RECIPE', what, { item: 'strategy', hint });
  }
  if (Number.isSafeInteger(seed) && seed >= 0 && seed <= MAX_SEED) return;
  const what = `expected a whole number from 0 to ${MAX_SEED}, got ${seed}`;
  throw new ModelPrepError('BAD_RECIPE', what, { item: 'seed', hint });
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
