import { acquireLock, toIoError } from '@flexattn/stage';

/** Runs `work` while it holds the lock file `path` (LOCKED, exit 75, where another process does). */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = await acquireLock(path);
  const releaseLock = async (): Promise<void> => {
    try {
      await release();
    } catch (cause) {
      throw toIoError(cause, path);
    }
  };
  const result = await work().catch(async (failure: unknown) => {
    await releaseLock();
    throw failure;
  });
  await releaseLock();
  return result;
}
