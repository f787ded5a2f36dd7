import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchPlan, torchrunArgs, trainerArgs, trainerEnvironment } from '../../launch-plan.js';
import type { LaunchPaths, LaunchPlan } from '../../launch-plan.js';
import { launcherSettingsSchema, slurmSchema } from '../../launcher-settings.js';
import type { LauncherSettings } from '../../launcher-settings.js';
import type { TrainSettings } from '../../settings.js';
import { slurmScript } from '../../slurm-script.js';
import type { SlurmScript } from '../../slurm-script.js';
import type { TrainReport } from '../../trainer-log.js';
import { packageFolder } from '../package-folder.js';
import { localLaunch } from './local.js';
import { runTraining } from './run-training.js';
import type { FollowOptions } from './run-training.js';
import { slurmLaunch } from './slurm.js';

/** What a launcher needs, of the options of `train`. */
export interface Launched extends Omit<LaunchPaths, 'packageFolder'> {
  /** Left out: this machine. */
  launcher?: LauncherSettings | undefined;
}

/** What would start: a program here, or a job of Slurm whose script this is. */
export type PlannedLaunch = LaunchPlan & { script?: string };

/** How the trainer would be started; nothing is looked at or written. */
export function plannedLaunch(options: Launched, settings: TrainSettings): PlannedLaunch {
  const launcher = options.launcher ?? launcherSettingsSchema.parse({});
  const paths = { ...options, packageFolder };
  if (launcher.launcher !== 'slurm') return launchPlan(paths, settings, launcher.rendezvous);
  const script = scriptOf(options, settings, launcher);
  return {
    program: 'sbatch',
    args: ['--parsable', ...script.slurm.args, 'train.sbatch'],
    env: {},
    script: slurmScript(script),
  };
}

/** Starts the trainer as its launcher does, and follows it to its end. */
export async function launchTraining(
  options: Launched & FollowOptions,
  settings: TrainSettings,
): Promise<TrainReport> {
  const launcher = options.launcher ?? launcherSettingsSchema.parse({});
  if (launcher.launcher === 'slurm') {
    const logs = options.logs ?? `${options.out}.launch`;
    const script = scriptOf({ ...options, logs }, settings, launcher);
    return runTraining(slurmLaunch(script, logs), settings, options);
  }
  const temporary = options.logs === undefined;
  const logs = options.logs ?? (await mkdtemp(join(tmpdir(), 'flexattn-logs-')));
  try {
    const plan = launchPlan({ ...options, logs, packageFolder }, settings, launcher.rendezvous);
    return await runTraining(localLaunch(plan), settings, options);
  } finally {
    if (temporary) await rm(logs, { recursive: true, force: true });
  }
}

/** One torch.distributed.run on each machine; they find each other by what the script tells them. */
function scriptOf(options: Launched, settings: TrainSettings, launcher: LauncherSettings): SlurmScript {
  const slurm = launcher.slurm ?? slurmSchema.parse({});
  const meeting = ['--nnodes', String(slurm.nodes), '--rdzv-backend', 'c10d'];
  const plan = {
    program: options.python,
    args: [
      ...torchrunArgs(meeting, settings, options.logs),
      ...trainerArgs({ ...options, packageFolder }, settings),
    ],
    env: trainerEnvironment(packageFolder, settings),
  };
  return { plan, slurm, cpus: settings.threads * settings.processes };
}
