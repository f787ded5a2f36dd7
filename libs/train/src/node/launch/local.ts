import { runProgram, StageError } from '@flexattn/stage';
import type { LaunchPlan } from '../../launch-plan.js';
import { TRAINER_ENV } from '../package-folder.js';
import { LaunchFailure } from './launcher.js';
import type { Launch } from './launcher.js';
import { startReaper } from './reaper.js';

/** What the trainer takes for the first Ctrl-C; torchrun would give its processes 30 seconds after a signal. */
const STOP = 'stop\n';

/** The trainer as a child of this process, on this machine. */
export function localLaunch(plan: LaunchPlan): Launch {
  return launchChild(plan, STOP);
}

/** A program as a child of this process, asked to stop by a text or by SIGINT; what it leaves running is killed. */
export function launchChild({ program, args, env }: LaunchPlan, stopText?: string): Launch {
  return async ({ signal, graceMs, onLine }) => {
    const reaper = await startReaper();
    let how = '';
    try {
      await runProgram(program, args, {
        signal,
        onLine,
        onEnd: ({ exitCode, signal: killer }) => {
          how = killer === undefined ? `exit code ${exitCode}` : `killed by ${killer}`;
          // Its processes may be sessions of their own that hold its output: without this, they would be waited for.
          void reaper.end();
        },
        stopText,
        ...(graceMs === undefined ? {} : { graceMs }),
        env: { ...env, ...reaper.env },
        allowEnv: TRAINER_ENV,
      });
    } catch (cause) {
      if (!(cause instanceof StageError) || cause.code !== 'PROGRAM_FAILED') throw cause;
      throw new LaunchFailure(how, { cause });
    } finally {
      await reaper.end();
    }
  };
}
