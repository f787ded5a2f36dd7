import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { StageError } from '../errors.js';
import { isSilent, startHeartbeat } from './heartbeat.js';
import { toIoError } from './io-error.js';
import { isGone, thisProcess, type ProcessIdentity } from './process-identity.js';
import { temporarySibling } from './temporary.js';

/**
 * Takes the lock file `path` and gives back its release, which throws as `toIoError` does. A lock left by a process that is gone is taken over.
 * `LOCKED` (exit 75) names the process that holds it. One on another host cannot be asked: its lock holds until it gave no
 * sign of life for ten minutes.
 */
export async function acquireLock(path: string): Promise<() => Promise<void>> {
  try {
    const text = JSON.stringify({ ...thisProcess(), nonce: randomBytes(8).toString('hex') });
    const mine = await temporarySibling(path);
    try {
      await writeFile(mine, text);
      await take(mine, path);
    } finally {
      await rm(mine, { force: true });
    }
    const stopHeartbeat = startHeartbeat(path, text);
    return async () => {
      stopHeartbeat();
      try {
        await removeIf(path, text);
      } catch (cause) {
        throw toIoError(cause, path);
      }
    };
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

/** Runs `work` while it holds the lock file `path`; as `acquireLock`. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = await acquireLock(path);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Whether the lock's owner is on another host, which tells by no sign that it still is. */
async function isForsaken({ host }: ProcessIdentity, path: string, mine: string): Promise<boolean> {
  if (host === hostname()) return false;
  try {
    return await isSilent(path, mine);
  } catch (error) {
    // It was released meanwhile: the next look finds it gone.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}

/** Gives the file `mine` the name `path` as well, once nobody holds it. */
async function take(mine: string, path: string): Promise<void> {
  while (!(await linked(mine, path))) {
    const text = await textOf(path);
    if (text === undefined) continue;
    const owner = ownerOf(text);
    if (owner !== undefined && !isGone(owner) && !(await isForsaken(owner, path, mine)))
      throw locked(path, owner);
    await removeStale(mine, path, text);
  }
}

/**
 * Removes the stale lock whose text is `text`. Two processes may find it at once, and the slower one must not remove
 * the lock that the faster one has taken since. So the right to remove this very lock is a lock itself, named after
 * its text, and is broken in the same way where its owner died: while it is held, nobody else removes `path`.
 */
async function removeStale(mine: string, path: string, text: string): Promise<void> {
  const right = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  await take(mine, right);
  try {
    await removeIf(path, text);
  } finally {
    await rm(right, { force: true });
  }
}

/** A hard link appears with its content or not at all, and to one process only. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeIf(path: string, text: string): Promise<void> {
  if ((await textOf(path)) === text) await rm(path, { force: true });
}

/** Undefined where nobody holds the lock. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined where the text is not one of ours: a power cut may leave an empty file. */
function ownerOf(text: string): ProcessIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  // A plain check: a schema library would take longer to load than most of what a lock is held for.
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, host, started } = value as Partial<Record<string, unknown>>;
  const isWhole = (number: unknown) =>
    typeof number === 'number' && Number.isSafeInteger(number) && number >= 0;
  return typeof pid === 'number' &&
    isWhole(pid) &&
    pid > 0 &&
    typeof host === 'string' &&
    typeof started === 'number' &&
    isWhole(started)
    ? { pid, host, started }
    : undefined;
}

function locked(path: string, owner: ProcessIdentity): StageError {
  return new StageError('LOCKED', `process ${owner.pid} on ${owner.host} is working here`, {
    file: path,
    hint: `wait for it to end, or stop it${owner.host === hostname() ? '' : '; if that host is gone, its lock is void ten minutes after the last sign of it'}`,
    exitCode: 75,
  });
}
