import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';
import { LaunchFailure } from './launcher.js';
import type { Launch } from './launcher.js';

/**
 * A launch whose lines, metrics with their rates among them, are in `FOLDER/trainer.log` as soon as they come: for whoever
 * looks while it runs, and after it was killed. The log of an earlier start is replaced.
 *
 * @throws what the launch throws, a LaunchFailure with the log's path; StageError where the log cannot be written
 */
export function loggedLaunch(launch: Launch, folder: string): Launch {
  return async (options) => {
    const path = join(folder, 'trainer.log');
    const file = orIoError(path, () => {
      mkdirSync(folder, { recursive: true });
      return openSync(path, 'w');
    });
    const onLine = (line: string) => {
      orIoError(path, () => appendFileSync(file, `${line}\n`));
      options.onLine(line);
    };
    try {
      await launch({ ...options, onLine });
    } catch (cause) {
      if (!(cause instanceof LaunchFailure)) throw cause;
      throw new LaunchFailure(cause.message, { known: cause.known, cause: cause.cause, log: path });
    } finally {
      closeSync(file);
    }
  };
}

function orIoError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw toIoError(cause, path);
  }
}
