import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';

type Call = (...args: unknown[]) => unknown;

/** What the system calls behind a file handle's methods are named in errors. */
const SYSCALLS: Record<string, string> = {
  sync: 'fsync',
  datasync: 'fdatasync',
  truncate: 'ftruncate',
  stat: 'fstat',
};

/**
 * Calls `before` in front of every call of `node:fs/promises` and of its file handles, and of `writeSync`, by whichever module, until the
 * function that it gives back is called. What `before` throws, the call rejects with.
 */
export async function watchFileCalls(before: (syscall: string) => void): Promise<() => void> {
  const handle = await fs.promises.open(fileURLToPath(import.meta.url));
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as Record<string, Call>;
  const functions = fs.promises as unknown as Record<string, Call>;
  const undo = [
    ...wrapAll(functions, Object.keys(functions), before),
    ...wrapAll(prototype, ['read', 'write', 'sync', 'datasync', 'stat', 'truncate'], before),
  ];
  const { writeSync } = fs;
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    before('write');
    return writeSync(...args);
  }) as typeof writeSync;
  undo.push(() => void (fs.writeSync = writeSync));
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  };
}

function wrapAll(
  owner: Record<string, Call>,
  names: string[],
  before: (syscall: string) => void,
): (() => void)[] {
  return names.flatMap((name) => {
    const original = owner[name];
    if (typeof original !== 'function') return [];
    owner[name] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      // A close that fails has closed nevertheless.
      if (name === 'close') await original.apply(this, args);
      before(SYSCALLS[name] ?? name);
      if (name === 'close') return undefined;
      const result = await original.apply(this, args);
      // Closing is a property of every handle, not of their prototype.
      if (name === 'open') wrapAll(result as Record<string, Call>, ['close'], before);
      return result;
    };
    return [() => void (owner[name] = original)];
  });
}
