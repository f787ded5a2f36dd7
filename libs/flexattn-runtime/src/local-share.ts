import type { LocalRank } from '@flexattn/stage';

/**
 * The GPU of one of several processes that a launcher started on a machine, for `CUDA_VISIBLE_DEVICES`. What the
 * launcher left visible is shared out in turn, so where it gave each process its own, that one is taken.
 *
 * @param visible - `CUDA_VISIBLE_DEVICES` as we found it; where it is not set, GPUs are numbered from 0
 */
export function gpuOfRank({ index }: LocalRank, visible: string | undefined): string {
  const own = (visible ?? '').split(',').filter((gpu) => gpu !== '');
  return own[index % Math.max(1, own.length)] ?? String(index);
}

/**
 * Threads of one of `count` processes on a machine; undefined where it has the machine to itself.
 *
 * @param cores - of the machine
 * @param allowed - of them, those that this process may run on: a launcher that binds its processes has shared them out
 */
export function threadsOfRank(
  { count }: LocalRank,
  { cores, allowed }: { cores: number; allowed: number },
): number | undefined {
  if (count === undefined || count < 2) return undefined;
  return Math.min(allowed, Math.max(1, Math.floor(cores / count)));
}
