import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainError } from '../../errors.js';
import { externalPlan } from '../../external-command.js';
import { launchPlan, torchrunArgs, trainerArgs, trainerEnvironment } from '../../launch-plan.js';
import type { LaunchPaths, LaunchPlan, Rendezvous } from '../../launch-plan.js';
import { launcherSettingsSchema, slurmSchema } from '../../launcher-settings.js';
import type { LauncherSettings } from '../../launcher-settings.js';
import type { TrainSettings } from '../../settings.js';
import { slurmScript } from '../../slurm-script.js';
import type { SlurmScript } from '../../slurm-script.js';
import type { TrainReport } from '../../trainer-log.js';
import { packageFolder } from '../package-folder.js';
import { parsed } from '../train-options.js';
import { localLaunch } from './local.js';
import { loggedLaunch } from './logged.js';
import { runTraining } from './run-training.js';
import type { FollowOptions } from './run-training.js';
import { slurmLaunch } from './slurm.js';

/** What a launcher needs, of the options of `train`. */
export interface Launched extends Omit<LaunchPaths, 'packageFolder'> {
  /** Left out: this machine. */
  launcher?: LauncherSettings | undefined;
  /** What {data} of an external command stands for. */
  annotations?: string | undefined;
}

/** What would start: a program here, or a job of Slurm whose script this is. */
export type PlannedLaunch = LaunchPlan & { script?: string };

/** How the trainer would be started; nothing is looked at or written. */
export function plannedLaunch(options: Launched, settings: TrainSettings): PlannedLaunch {
  const launcher = launcherOf(options);
  const paths = { ...options, logs: ranksOf(options.logs), packageFolder };
  if (launcher.command !== undefined)
    return externalPlan(launcher.command, { ...options, data: options.annotations ?? options.data });
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
  const launcher = launcherOf(options);
  if (launcher.launcher === 'slurm') {
    const logs = options.logs ?? `${options.out}.launch`;
    const script = scriptOf({ ...options, logs }, settings, launcher);
    return runTraining(slurmLaunch(script, logs), settings, options);
  }
  refuseFollower(launcher.rendezvous);
  const isTemporary = options.logs === undefined;
  const logs = options.logs ?? (await mkdtemp(join(tmpdir(), 'flexattn-logs-')));
  const ranks = ranksOf(logs);
  await rm(ranks, { recursive: true, force: true }); // of an earlier start
  try {
    const plan = launchPlan({ ...options, logs: ranks, packageFolder }, settings, launcher.rendezvous);
    const launch = localLaunch(plan);
    return await runTraining(isTemporary ? launch : loggedLaunch(launch, logs), settings, options);
  } finally {
    if (isTemporary) await rm(logs, { recursive: true, force: true });
  }
}

/** Where torchrun keeps each process's errors. */
function ranksOf(logs: string): string;
function ranksOf(logs: string | undefined): string | undefined;
function ranksOf(logs: string | undefined): string | undefined {
  return logs === undefined ? undefined : join(logs, 'ranks');
}

function launcherOf({ launcher = { launcher: 'local' } }: Launched): LauncherSettings {
  return parsed(launcherSettingsSchema, launcher);
}

/** The first machine tells the steps and writes the checkpoint: on another there is nothing to follow or to keep. */
function refuseFollower(rendezvous: Rendezvous | undefined): void {
  if (rendezvous === undefined || rendezvous.nodeRank === 0) return;
  const what = `expected nodeRank 0, got ${rendezvous.nodeRank}: a training is followed on its first machine`;
  throw new TrainError('BAD_SETTINGS', what, {
    item: 'train.rendezvous.nodeRank',
    hint: 'start the others with the line that "flexattn train --print-command" prints there',
  });
}

/** One torch.distributed.run on each machine; they find each other by what the script tells them. */
function scriptOf(options: Launched, settings: TrainSettings, launcher: LauncherSettings): SlurmScript {
  const slurm = launcher.slurm ?? slurmSchema.parse({});
  const meeting = ['--nnodes', String(slurm.nodes), '--rdzv-backend', 'c10d'];
  const plan = {
    program: options.python,
    args: [
      ...torchrunArgs(meeting, settings, ranksOf(options.logs)),
      ...trainerArgs({ ...options, packageFolder }, settings),
    ],
    env: trainerEnvironment(packageFolder, settings),
  };
  return { plan, slurm, folder: process.cwd(), cpus: settings.threads * settings.processes };
}
