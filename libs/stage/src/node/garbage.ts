import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toIoError } from './io-error.js';
import { withLock } from './lock.js';
import { readReceipt } from './run-stage.js';

/** A file this young may belong to a stage that is being written just now. */
const GRACE_MS = 3_600_000;

export interface GarbageOptions {
  /** The folder that holds `.flexattn/` and `runs/`. */
  workspace: string;
  /** Results that no run shows are kept as long as they are younger: another branch may want them. */
  keepMs: number;
  /** The time, in ms since 1970. */
  now: number;
  /** Folders below `.flexattn` whose entries go by their age alone: what can be made again. */
  aged?: readonly string[];
  /** Removes it; otherwise it is only told. */
  remove: boolean;
}

/** Bytes and files of one kind. */
export interface StoreShare {
  files: number;
  bytes: number;
}

export interface GarbageReport {
  /** What the store holds in all, and what stays. */
  store: StoreShare;
  kept: StoreShare;
  /** What nothing refers to: paths below the workspace. */
  garbage: StoreShare & { paths: string[] };
  removed: boolean;
}

/**
 * Finds what no run shows and no result that is kept lists: receipts, stored files, folders that a killed stage left.
 * While it removes, it holds the lock of every stage: `LOCKED` (75) where one is being worked on.
 */
export async function collectGarbage(options: GarbageOptions): Promise<GarbageReport> {
  if (!options.remove) return sweep(options);
  return holdingLocks(await stageLocks(options.workspace), () => sweep(options));
}

async function sweep({ workspace, keepMs, now, aged = [], remove }: GarbageOptions): Promise<GarbageReport> {
  const state = join(workspace, '.flexattn');
  const shown = await shownKeys(workspace);
  const paths: string[] = [];
  const live = new Set<string>();
  for (const file of await entriesOf(join(state, 'receipts'))) {
    const receipt = await readReceipt(file.path);
    const isKept = receipt !== undefined && (shown.has(receipt.key) || now - file.time < keepMs);
    if (!isKept) paths.push(file.path);
    for (const { sha256 } of isKept ? receipt.files : []) live.add(sha256);
  }
  const store: StoreShare = { files: 0, bytes: 0 };
  const kept: StoreShare = { files: 0, bytes: 0 };
  const garbage: StoreShare = { files: 0, bytes: 0 };
  for (const folder of await entriesOf(join(state, 'store'))) {
    for (const file of await entriesOf(folder.path)) {
      count(store, file.bytes);
      const isKept = live.has(file.name) || now - file.time < GRACE_MS;
      count(isKept ? kept : garbage, file.bytes);
      if (!isKept) paths.push(file.path);
    }
  }
  const old = (await Promise.all(aged.map((name) => entriesOf(join(state, name))))).flat();
  paths.push(...old.filter(({ time }) => now - time >= keepMs).map(({ path }) => path));
  paths.push(...(await leftovers(workspace)));
  if (remove) for (const path of paths) await rm(path, { recursive: true, force: true });
  return { store, kept, garbage: { ...garbage, paths }, removed: remove };
}

/** Keys of the results that stand in the runs' folders. */
async function shownKeys(workspace: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const stage of await stageEntries(workspace)) {
    const receipt = await readReceipt(join(stage.path, 'receipt.json'));
    if (receipt !== undefined) keys.add(receipt.key);
  }
  return keys;
}

/** The locks of all stages that left anything in a run's folder. */
async function stageLocks(workspace: string): Promise<string[]> {
  const entries = await stageEntries(workspace);
  return [...new Set(entries.map(({ path, name }) => join(path, '..', `.${stageOf(name)}.lock`)))];
}

/** Folders beside a result that a stage makes and takes away again. */
async function leftovers(workspace: string): Promise<string[]> {
  const entries = await stageEntries(workspace);
  return entries.filter(({ name }) => /\.(staging|new|old)$/.test(name)).map(({ path }) => path);
}

async function stageEntries(workspace: string): Promise<Entry[]> {
  const runs = await entriesOf(join(workspace, 'runs'));
  const entries = (await Promise.all(runs.map(({ path }) => entriesOf(path)))).flat();
  return entries.filter(({ name }) => !name.startsWith('.'));
}

const stageOf = (name: string) => name.replace(/\.(staging|new|old)$/, '');

async function holdingLocks<T>([first, ...rest]: readonly string[], work: () => Promise<T>): Promise<T> {
  if (first === undefined) return work();
  return withLock(first, () => holdingLocks(rest, work));
}

interface Entry {
  name: string;
  path: string;
  bytes: number;
  /** Of the last change, in ms since 1970. */
  time: number;
}

/** What is in a folder, in order of names; nothing where the folder is not there. */
async function entriesOf(folder: string): Promise<Entry[]> {
  try {
    const names = (await readdir(folder)).sort();
    return await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        const { size, mtimeMs, ctimeMs } = await lstat(path);
        return { name, path, bytes: size, time: Math.max(mtimeMs, ctimeMs) };
      }),
    );
  } catch (cause) {
    const error = toIoError(cause, folder);
    if (error.code === 'FILE_MISSING') return [];
    throw error;
  }
}

function count(share: StoreShare, bytes: number): void {
  share.files += 1;
  share.bytes += bytes;
}
