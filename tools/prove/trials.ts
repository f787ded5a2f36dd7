import type { ProofOptions } from './proof.js';

/** Processes at once: as many as the machines for which the figures are meant have cores. */
const AT_ONCE = 2;

/** Tries all, a few at a time; what came out, in their order. */
export async function inParallel<Trial, Found>(
  trials: readonly Trial[],
  { progress, signal }: Pick<ProofOptions, 'progress' | 'signal'>,
  attempt: (trial: Trial, index: number) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  const left = trials.entries();
  let done = 0;
  const work = async () => {
    for (const [i, trial] of left) {
      signal.throwIfAborted();
      found[i] = await attempt(trial, i);
      progress(++done, trials.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}
