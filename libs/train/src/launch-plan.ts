import type { TrainSettings } from './settings.js';

/** A program to start: an argument array, never a shell's line. */
export interface LaunchPlan {
  program: string;
  args: string[];
  /** Variables that it gets beside those that may pass from the environment. */
  env: Record<string, string>;
}

export interface LaunchPaths {
  /** The interpreter. */
  python: string;
  /** The folder that holds the package `flexattn_train`. */
  packageFolder: string;
  checkpoint: string;
  data: string;
  images: string;
  out: string;
  /** Where states to resume from are kept; none are without it. */
  states?: string | undefined;
  /** Where the errors of each process are kept, where there are several. */
  logs?: string | undefined;
}

/** Several machines that train together; each starts the same program with its own `nodeRank`. */
export interface Rendezvous {
  nodes: number;
  /** `host:port` of the first machine, which all others reach. */
  endpoint: string;
  /** 0 on the first machine, which writes the checkpoint. */
  nodeRank: number;
}

/** glibc gives blocks of megabytes back to the system at every free; keeping them is 5 % of a step on a CPU. */
const KEEP_MEMORY = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '4294967296' };

/** How `torch.distributed.run` labels a process's lines of standard error; see `processLine`. */
const LABEL = '[rank ${rank}] ';

/** How to start the trainer: alone, or under `torch.distributed.run` where there is more than one process. */
export function launchPlan(paths: LaunchPaths, settings: TrainSettings, rendezvous?: Rendezvous): LaunchPlan {
  const meeting =
    rendezvous === undefined
      ? ['--standalone']
      : [
          ...['--nnodes', String(rendezvous.nodes), '--node-rank', String(rendezvous.nodeRank)],
          ...['--rdzv-endpoint', rendezvous.endpoint],
        ];
  const alone = settings.processes === 1 && rendezvous === undefined;
  return {
    program: paths.python,
    args: [...(alone ? [] : torchrunArgs(meeting, settings, paths.logs)), ...trainerArgs(paths, settings)],
    env: trainerEnvironment(paths.packageFolder, settings),
  };
}

/** `torch.distributed.run` for the processes of one machine, which meet the others as `meeting` says. */
export function torchrunArgs(
  meeting: readonly string[],
  { processes }: TrainSettings,
  logs: string | undefined,
): string[] {
  return [
    ...['-m', 'torch.distributed.run', ...meeting, '--nproc-per-node', String(processes)],
    // Errors alone: what is teed comes in pieces of lines, and the trainer's JSON lines must stay whole.
    ...(logs === undefined ? [] : ['--tee', '2', '--log-dir', logs]),
  ];
}

/** The trainer's module and its arguments. */
export function trainerArgs(paths: LaunchPaths, settings: TrainSettings): string[] {
  const { checkpoint, data, images, out, states } = paths;
  return [
    ...['-m', 'flexattn_train.train'],
    ...['--checkpoint', checkpoint, '--data', data, '--images', images, '--out', out],
    ...(states === undefined ? [] : ['--states', states]),
    ...['--settings', JSON.stringify(settings), '--watch-stdin'],
  ];
}

/** Variables that the trainer needs, whatever the environment holds. */
export function trainerEnvironment(
  packageFolder: string,
  { threads }: TrainSettings,
): Record<string, string> {
  return {
    ...KEEP_MEMORY,
    OMP_NUM_THREADS: String(threads),
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONPATH: packageFolder,
    PYTHONUTF8: '1',
    TORCHELASTIC_LOG_LINE_PREFIX_TEMPLATE: LABEL,
  };
}
