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
}

/** glibc gives blocks of megabytes back to the system at every free; keeping them is 5 % of a step on a CPU. */
const KEEP_MEMORY = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '4294967296' };

/** How to start the trainer: alone, or under `torch.distributed.run` where there is more than one process. */
export function launchPlan(paths: LaunchPaths, settings: TrainSettings): LaunchPlan {
  const { python, packageFolder, checkpoint, data, images, out, states } = paths;
  const module = ['-m', 'flexattn_train.train'];
  const distributed = [
    '-m',
    'torch.distributed.run',
    '--standalone',
    '--nproc-per-node',
    String(settings.processes),
  ];
  const args = ['--checkpoint', checkpoint, '--data', data, '--images', images, '--out', out];
  return {
    program: python,
    args: [
      ...(settings.processes > 1 ? distributed : []),
      ...module,
      ...args,
      ...(states === undefined ? [] : ['--states', states]),
      ...['--settings', JSON.stringify(settings), '--watch-stdin'],
    ],
    env: {
      ...KEEP_MEMORY,
      OMP_NUM_THREADS: String(settings.threads),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONPATH: packageFolder,
      PYTHONUTF8: '1',
    },
  };
}
