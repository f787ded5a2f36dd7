import { StageError } from './errors.js';

/** Which part of the work this process does: `index` of `count`, from 0. */
export interface Rank {
  index: number;
  count: number;
}

/** Where launchers say who we are: torchrun, Slurm, Open MPI; the first that is complete counts. */
const LAUNCHERS: readonly [index: string, count: string][] = [
  ['RANK', 'WORLD_SIZE'],
  ['SLURM_PROCID', 'SLURM_NTASKS'],
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'],
];
/** An indexed job of Kubernetes knows its index; how many there are is in a variable that the job sets itself. */
const KUBERNETES = ['JOB_COMPLETION_INDEX', 'JOB_COMPLETIONS'] as const;

/**
 * The rank that a launcher gave this process; undefined where none did.
 *
 * @param env - the environment
 * @throws StageError BAD_CONTENT for a rank that is no whole number, or not below the count
 */
export function rankOf(env: Readonly<Record<string, string | undefined>>): Rank | undefined {
  for (const [index, count] of [...LAUNCHERS, KUBERNETES]) {
    const [own, all] = [env[index], env[count]];
    if (own !== undefined && all !== undefined) return checkedRank(own, all, `${index}, ${count}`);
  }
  if (env[KUBERNETES[0]] === undefined) return undefined;
  const hint = `set ${KUBERNETES[1]} to the job's completions, or use --shard`;
  throw new StageError('BAD_CONTENT', 'expected the number of parts, got only the index of ours', {
    item: KUBERNETES[0],
    hint,
  });
}

/** Which of the processes that a launcher started on this machine we are, from 0; `count` where it tells that. */
export interface LocalRank {
  index: number;
  count?: number;
}

/** Where launchers say which of a machine's processes we are; Slurm tells their number node by node. */
const LOCAL_LAUNCHERS: readonly [index: string, count: string][] = [
  ['LOCAL_RANK', 'LOCAL_WORLD_SIZE'],
  ['SLURM_LOCALID', 'SLURM_STEP_TASKS_PER_NODE'],
  ['OMPI_COMM_WORLD_LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
];

/**
 * Our place among the processes on this machine; undefined where no launcher gave one. A pod of Kubernetes has its own
 * GPUs and no such place.
 *
 * @param env - the environment
 * @throws StageError BAD_CONTENT for a place that is no whole number, or not below the count
 */
export function localRankOf(env: Readonly<Record<string, string | undefined>>): LocalRank | undefined {
  for (const [index, count] of LOCAL_LAUNCHERS) {
    const [own, all] = [env[index], env[count]];
    if (own === undefined) continue;
    if (all === undefined) return { index: checkedIndex(own, index) };
    return checkedRank(own, tasksOfNode(all, env['SLURM_NODEID']), `${index}, ${count}`);
  }
  return undefined;
}

function checkedIndex(own: string, item: string): number {
  if (/^\d{1,9}$/.test(own)) return Number(own);
  const what = `expected an index from 0, got ${JSON.stringify(own)}`;
  throw new StageError('BAD_CONTENT', what, { item, hint: 'count from 0' });
}

/** Slurm writes `4(x2),3` for nodes of 4, 4 and 3 tasks; any other text is its own answer. */
function tasksOfNode(text: string, node = '0'): string {
  const tasks = text.split(',').flatMap((group) => {
    const [, count = group, times = '1'] = /^(\d{1,9})\(x(\d{1,5})\)$/.exec(group) ?? [];
    return Array.from({ length: Number(times) }, () => count);
  });
  return tasks[Number(node)] ?? text;
}

/**
 * The rank that a user names as `2/8`, counted from 0.
 *
 * @throws StageError BAD_CONTENT
 */
export function parseShard(text: string): Rank {
  const [own = '', all = '', ...rest] = text.split('/');
  return checkedRank(own, rest.length > 0 ? '' : all, '--shard');
}

function checkedRank(own: string, all: string, item: string): Rank {
  const [index, count] = [own, all].map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : NaN));
  if (index !== undefined && count !== undefined && index < count) return { index, count };
  const what = `expected an index from 0 below a count, as 0/4, got ${JSON.stringify(`${own}/${all}`)}`;
  throw new StageError('BAD_CONTENT', what, { item, hint: 'count from 0' });
}
