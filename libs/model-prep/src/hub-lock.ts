import { z } from 'zod';
import { ModelPrepError } from './errors.js';
import type { HubCommit } from './hub-files.js';
import type { HubReference } from './hub-reference.js';

const fileSchema = z
  .object({ size: z.number().int().nonnegative() })
  .and(
    z.union([
      z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      z.object({ git: z.string().regex(/^[0-9a-f]{40}$/) }),
    ]),
  );

/** Other members belong to others and are kept. */
const lockSchema = z.looseObject({
  hub: z
    .record(
      z.string(),
      z.object({
        commit: z.string().regex(/^[0-9a-f]{40}$/),
        files: z.record(z.string(), fileSchema),
      }),
    )
    .default({}),
});

/** `flexattn.lock.json`: which commit each revision was when it was first fetched, and the hashes of its files. */
export type HubLock = z.output<typeof lockSchema>;

/** @throws ModelPrepError BAD_LOCK_FILE */
export function parseHubLock(content: unknown, file: string): HubLock {
  const result = lockSchema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const hint = 'restore the file, or remove the entry to pin it anew';
  throw new ModelPrepError('BAD_LOCK_FILE', issue?.message ?? 'unexpected content', {
    file,
    item: issue?.path.map(String).join('.'),
    hint,
  });
}

const keyOf = ({ repo, revision }: HubReference): string => `${repo}@${revision}`;

/** The commit that a reference is pinned to. */
export function pinnedCommit(lock: HubLock, reference: HubReference): HubCommit | undefined {
  const entry = Object.hasOwn(lock.hub, keyOf(reference)) ? lock.hub[keyOf(reference)] : undefined;
  if (!entry) return undefined;
  const files = Object.entries(entry.files).map(([path, file]) => ({
    path,
    size: file.size,
    hash:
      'sha256' in file
        ? { algorithm: 'sha256' as const, digest: file.sha256 }
        : { algorithm: 'git-sha1' as const, digest: file.git },
  }));
  return { commit: entry.commit, files };
}

/** The text of the lock with a reference pinned: references and files in order, so that a diff shows what changed. */
export function formatPinned(lock: HubLock, reference: HubReference, { commit, files }: HubCommit): string {
  const entries = files.map(({ path, size, hash }): [string, object] => [
    path,
    { size, [hash.algorithm === 'sha256' ? 'sha256' : 'git']: hash.digest },
  ]);
  const pinned = { commit, files: Object.fromEntries(sorted(entries)) };
  const hub = Object.fromEntries(sorted([...Object.entries({ ...lock.hub, [keyOf(reference)]: pinned })]));
  return `${JSON.stringify({ ...lock, hub }, null, 2)}\n`;
}

const sorted = <T>(entries: [string, T][]): [string, T][] => entries.sort(([a], [b]) => (a < b ? -1 : 1));
