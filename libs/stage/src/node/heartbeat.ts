import { open, stat } from 'node:fs/promises';

/** How often the holder of a lock gives a sign of life. */
const EVERY_MS = 30_000;
/** Twenty signs missed: what shared file systems keep in their caches, and a machine that hangs, take less. */
const SILENT_MS = 600_000;

/**
 * Gives a sign of life every 30 seconds, until the function given back is called: the file at `path`, which holds
 * `text`, is written again, so that the file system's clock dates it and not this machine's. A file that cannot be
 * written, or is gone, gets no more signs.
 */
export function startHeartbeat(path: string, text: string): () => void {
  const timer = setInterval(() => {
    beat(path, text).catch(() => {
      clearInterval(timer);
    });
  }, EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** Whether the file at `path` got no sign of life for ten minutes before `fresh`, a file just written beside it. */
export async function isSilent(path: string, fresh: string): Promise<boolean> {
  const [then, now] = await Promise.all([stat(path), stat(fresh)]);
  return now.mtimeMs - then.mtimeMs > SILENT_MS;
}

async function beat(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    if ((await file.readFile('utf8')) !== text) throw new Error('it is the lock of another process');
    await file.write(text, 0);
  } finally {
    await file.close();
  }
}
