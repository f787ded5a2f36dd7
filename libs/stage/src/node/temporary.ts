import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isGone, thisProcess } from './process-identity.js';

const NAME = /^\.(\d+)-(\d+)-[0-9a-f]+@(.+)\.partial$/;

/** Folders that this process has tidied. */
const tidied = new Set<string>();

/**
 * A fresh name beside `path` that says which process owns it; the folder is made. The first time that a process asks
 * for one in a folder, the files that dead processes left there are removed.
 */
export async function temporarySibling(path: string): Promise<string> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  if (!tidied.has(folder)) {
    tidied.add(folder);
    await removeLeftovers(folder);
  }
  const { pid, started, host } = thisProcess();
  const random = randomBytes(6).toString('hex');
  return join(folder, `.${pid}-${started}-${random}@${encodeURIComponent(host)}.partial`);
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid, started, host] = NAME.exec(name) ?? [];
    if (pid === undefined || host === undefined) continue;
    const owner = { pid: Number(pid), started: Number(started), host: decodeURIComponent(host) };
    if (isGone(owner)) await rm(join(folder, name), { force: true });
  }
}
