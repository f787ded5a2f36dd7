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
