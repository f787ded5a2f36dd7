import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './checkout.js';
import type { SmallWorld, StageOptions } from './small-world.js';

/** Loaded before the command: it makes one call fail. */
const FAIL_FILE_CALL = join(ROOT, 'tools/prove/fail-file-call.mjs');

/** Errors, and the exit code that the command ends with; SHORT: a write takes half of its bytes. */
export const FAULTS = { ENOSPC: 74, EIO: 74, EDQUOT: 74, EMFILE: 74, EACCES: 2, SHORT: 0 } as const;
export type Fault = keyof typeof FAULTS;

/** What was seen of a process's file calls. */
export interface Calls {
  calls: number;
  writes: number;
  /** The function that failed. */
  failed?: string;
}

/** Where calls are counted. */
export function foldersOf({ folder }: SmallWorld): string[] {
  return [join(folder, 'runs'), join(folder, '.flexattn')];
}

/** How a stage is run so that its call `at`, from 0, fails below `runs` and `.flexattn`; -1: none; writes alone for SHORT. */
export function faultAt(world: SmallWorld, fault: { at: number; code: Fault; report: string }): StageOptions {
  return {
    nodeArgs: ['--import', FAIL_FILE_CALL],
    env: { FAIL_FILE_CALL: JSON.stringify({ folders: foldersOf(world), ...fault }) },
  };
}

/** Reads and removes the report of such a process. */
export async function readCalls(report: string): Promise<Calls> {
  const calls = JSON.parse(await readFile(report, 'utf8')) as Calls;
  await rm(report);
  return calls;
}
