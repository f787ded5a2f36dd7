import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import { naturalOrder } from '../natural-order.js';
import { isInside } from './inside.js';

/** A file of a checkpoint folder. */
export interface CheckpointFile {
  /** Relative to the folder, with `/`. */
  path: string;
  /** The file itself, links resolved. */
  source: string;
  bytes: number;
  /** Number of the file system that holds it. */
  device: number;
}

/**
 * All files below a folder in natural order, those in subfolders too. Names that begin with a dot (.git, .cache) are
 * no part of a checkpoint and left out. In a snapshot of the hub's cache links lead to its blobs.
 *
 * @throws ModelPrepError LINK_ESCAPE for a link out of the folder, NOT_A_REGULAR_FILE for what is no file either
 */
export async function listCheckpointFiles(dir: string): Promise<CheckpointFile[]> {
  try {
    const root = await realpath(dir);
    return await filesBelow(root, blobsOf(root), '');
  } catch (cause) {
    throw toIoError(cause, dir);
  }
}

/** `blobs` beside `snapshots/<commit>` in the standard cache of the hub; undefined for any other folder. */
const blobsOf = (root: string): string | undefined =>
  /[/\\]models--[^/\\]+[/\\]snapshots[/\\][0-9a-f]{40}$/.test(root) ? join(root, '../../blobs') : undefined;

async function filesBelow(
  root: string,
  blobs: string | undefined,
  prefix: string,
): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  const entries = await readdir(join(root, prefix), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => naturalOrder(a.name, b.name))) {
    if (entry.name.startsWith('.')) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) files.push(...(await filesBelow(root, blobs, `${path}/`)));
    else files.push(await resolveFile(root, blobs, path));
  }
  return files;
}

async function resolveFile(root: string, blobs: string | undefined, path: string): Promise<CheckpointFile> {
  const file = join(root, path);
  const source = await realpath(file).catch(async (cause: unknown) => {
    const error = toIoError(cause, file);
    if (error.code !== 'FILE_MISSING') throw error;
    const what = `expected a file or a link to one, got a link to ${await readlink(file)}, where nothing is`;
    throw new ModelPrepError('NOT_A_REGULAR_FILE', what, {
      file,
      hint: 'fetch the file again, or remove the link',
    });
  });
  if (!isInside(source, root) && (blobs === undefined || !isInside(source, blobs))) {
    const what = `expected a file inside the checkpoint, got a link to ${source}`;
    const hint = 'copy the checkpoint with its links resolved (cp -rL) and use the copy';
    throw new ModelPrepError('LINK_ESCAPE', what, { file, hint });
  }
  const stat = await lstat(source);
  if (stat.isFile()) return { path, source, bytes: stat.size, device: stat.dev };
  const hint = 'remove it, or copy the checkpoint with its links resolved (cp -rL)';
  throw new ModelPrepError('NOT_A_REGULAR_FILE', 'expected a file or a link to one', { file, hint });
}
