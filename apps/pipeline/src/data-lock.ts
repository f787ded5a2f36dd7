import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonAs, schemaProblem, StageError, writeFileAtomic, type Fingerprints } from '@flexattn/stage';
import { pathOf } from './run-context.js';

/** Other members (the pinned revisions of hub repositories) belong to others and are kept. */
const lockSchema = z.looseObject({
  data: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).default({}),
});

/** What stands in `flexattn.lock.json`. */
export type DataLock = z.output<typeof lockSchema>;

/** The lock in a text that was read elsewhere: at another revision. */
export function parseDataLock(value: unknown, file: string): DataLock {
  const result = lockSchema.safeParse(value);
  if (result.success) return result.data;
  const { what } = schemaProblem(lockSchema, value, result.error);
  throw new StageError('BAD_CONTENT', what, { file, hint: 'restore the file' });
}

/** How one path that a configuration reads stands to the lock. */
export interface LockedPath {
  path: string;
  /** `absent`: not on this machine; `unlocked`: not in the lock yet. */
  state: 'same' | 'differs' | 'absent' | 'unlocked';
  sha256?: string;
}

/** The lock file of a workspace; committed, so that what depends on data elsewhere is affected when they change. */
export function lockFileOf(workspace: string): string {
  return join(workspace, 'flexattn.lock.json');
}

/** @throws StageError BAD_JSON, BAD_CONTENT */
export async function readDataLock(file: string): Promise<DataLock> {
  return existsSync(file) ? readJsonAs(file, lockSchema) : { data: {} };
}

/** Compares data and weights with the lock. Paths start from the workspace. */
export async function compareWithLock(
  { data }: DataLock,
  paths: readonly string[],
  { workspace, fingerprints }: { workspace: string; fingerprints: Fingerprints },
): Promise<LockedPath[]> {
  const compared: LockedPath[] = [];
  for (const path of [...new Set(paths)].sort()) {
    const absolute = pathOf({ workspace }, path);
    if (!existsSync(absolute)) {
      compared.push({ path, state: Object.hasOwn(data, path) ? 'absent' : 'unlocked' });
      continue;
    }
    const sha256 = await fingerprints.of(absolute);
    const locked = Object.hasOwn(data, path) ? data[path] : undefined;
    compared.push({
      path,
      state: locked === undefined ? 'unlocked' : locked === sha256 ? 'same' : 'differs',
      sha256,
    });
  }
  return compared;
}

/** Writes the hashes of what is here; what is absent keeps its entry, what no configuration names loses it. */
export async function writeDataLock(
  file: string,
  lock: DataLock,
  paths: readonly LockedPath[],
): Promise<void> {
  const entries = paths.flatMap(({ path, sha256 }): [string, string][] => {
    const hash = sha256 ?? lock.data[path];
    return hash === undefined ? [] : [[path, hash]];
  });
  const text = `${JSON.stringify({ ...lock, data: Object.fromEntries(entries) }, null, 2)}\n`;
  await writeFileAtomic(file, text);
}
