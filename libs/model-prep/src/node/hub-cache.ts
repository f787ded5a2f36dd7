import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toIoError } from '@flexattn/stage';
import type { HubCommit, HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { hasBytesOf } from './file-digest.js';
import { entryKind } from './weight-file.js';

/** Where the standard cache keeps a repository: `models--owner--name`. */
const repoFolder = (cache: string, repo: string): string => join(cache, `models--${repo.replace('/', '--')}`);

const snapshot = (cache: string, { repo }: HubReference, commit: string): string =>
  join(repoFolder(cache, repo), 'snapshots', commit);

/**
 * What the standard cache knows of a reference, without the network: the commit that its branch was, and the files that
 * were fetched of it. Undefined where it knows nothing.
 */
export async function cachedCommit(cache: string, reference: HubReference): Promise<HubCommit | undefined> {
  const { repo, revision } = reference;
  const commit = /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : await textOf(join(repoFolder(cache, repo), 'refs', revision));
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) return undefined;
  const folder = snapshot(cache, reference, commit);
  if ((await entryKind(folder)) !== 'folder') return undefined;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: HubFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const file = await cachedFile(path, path.slice(folder.length + 1));
    if (file) files.push(file);
  }
  return { commit, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** A snapshot's entries are links to blobs, whose names are the hashes of their bytes. */
async function cachedFile(link: string, path: string): Promise<HubFile | undefined> {
  try {
    const blob = await realpath(link);
    const digest = basename(blob);
    const { size } = await stat(blob);
    if (/^[0-9a-f]{64}$/.test(digest)) return { path, size, hash: { algorithm: 'sha256', digest } };
    if (/^[0-9a-f]{40}$/.test(digest)) return { path, size, hash: { algorithm: 'git-sha1', digest } };
    return undefined;
  } catch (cause) {
    if (toIoError(cause, link).code === 'FILE_MISSING') return undefined;
    throw toIoError(cause, link);
  }
}

/** The blob of the standard cache with the bytes of `file`; undefined where it has none, or a damaged one. */
export async function findInCache(
  cache: string,
  reference: HubReference,
  commit: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const link = join(snapshot(cache, reference, commit), file.path);
  if ((await entryKind(link)) !== 'file') return undefined;
  try {
    const blob = await realpath(link);
    const isRight = (await stat(blob)).size === file.size && (await hasBytesOf(blob, file, signal));
    return isRight ? blob : undefined;
  } catch (cause) {
    throw toIoError(cause, link);
  }
}

async function textOf(file: string): Promise<string | undefined> {
  if ((await entryKind(file)) !== 'file') return undefined;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw toIoError(cause, file);
  }
}
