import { StageError } from '@flexattn/stage';

/**
 * Aborts on Ctrl-C (exit 130) and on termination (exit 143); children and half-written files are cleaned up by
 * whoever holds the signal. A second Ctrl-C ends the process at once.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new StageError('INTERRUPTED', `stopped by ${name}`, { exitCode }));
    });
  }
  return controller.signal;
}
