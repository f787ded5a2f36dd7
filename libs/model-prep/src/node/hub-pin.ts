import { basename, dirname, join } from 'node:path';
import { readJsonAs, withLock, writeFileAtomic } from '@flexattn/stage';
import { z } from 'zod';
import { ModelPrepError } from '../errors.js';
import type { HubCommit } from '../hub-files.js';
import { formatPinned, parseHubLock, pinnedCommit } from '../hub-lock.js';
import type { HubLock } from '../hub-lock.js';
import type { HubReference } from '../hub-reference.js';
import { cachedCommit } from './hub-cache.js';
import type { HubConnection } from './hub-connection.js';
import { listCommit } from './hub-listing.js';
import { entryKind } from './weight-file.js';

/** Where a pinned commit is looked for. */
export interface PinSources {
  lockFile: string;
  cache: string;
  /** Undefined when offline. */
  connection: HubConnection | undefined;
}

/** What is known of the commit of a reference. */
interface ResolvedCommit extends HubCommit {
  /** The standard cache alone knows it: `files` are those that were fetched once. */
  isFromCache: boolean;
}

/**
 * The commit of a reference: what `flexattn.lock.json` says, else what the hub says now, else (offline) what the
 * standard cache says.
 *
 * @throws ModelPrepError OFFLINE where nothing at hand knows it
 */
export async function resolveCommit(
  reference: HubReference,
  { lockFile, cache, connection }: PinSources,
): Promise<ResolvedCommit> {
  const pinned = pinnedCommit(await readLock(lockFile), reference);
  if (pinned) return { ...pinned, isFromCache: false };
  if (connection) return { ...(await listCommit(reference, connection)), isFromCache: false };
  const cached = await cachedCommit(cache, reference);
  if (cached) return { ...cached, isFromCache: true };
  const what = `expected ${reference.revision} of ${reference.repo} in ${lockFile} or ${cache}, got neither`;
  throw new ModelPrepError('OFFLINE', what, {
    hint: 'run once with the network (without --offline and HF_HUB_OFFLINE)',
  });
}

/** Notes the commit of a reference, unless it is noted. */
export async function pinCommit(reference: HubReference, commit: HubCommit, lockFile: string): Promise<void> {
  const guard = join(dirname(lockFile), `.${basename(lockFile)}.lock`);
  const isPinned = async (): Promise<boolean> =>
    pinnedCommit(await readLock(lockFile), reference) !== undefined;
  // A guard that a killed run left is taken over and released.
  if ((await isPinned()) && (await entryKind(guard)) === 'none') return;
  await withLock(guard, async () => {
    if (await isPinned()) return;
    await writeFileAtomic(lockFile, formatPinned(await readLock(lockFile), reference, commit));
  });
}

async function readLock(file: string): Promise<HubLock> {
  const content = (await entryKind(file)) === 'none' ? {} : await readJsonAs(file, z.unknown());
  return parseHubLock(content, file);
}
