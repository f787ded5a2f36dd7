import { StageError } from '@flexattn/stage';

/** @throws StageError INTERRUPTED, exit code 130 */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new StageError('INTERRUPTED', 'stopped', { exitCode: 130, cause: signal.reason });
}
