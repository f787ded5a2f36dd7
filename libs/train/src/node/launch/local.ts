import { runProgram } from '@flexattn/stage';
import { PYTHON_ENV } from '../package-folder.js';
import type { Launcher } from './launcher.js';

/** The trainer as a child of this process, on this machine. */
export const localLauncher: Launcher = {
  start: async ({ program, args, env }, options) => {
    await runProgram(program, args, { ...options, env, allowEnv: PYTHON_ENV });
  },
};
