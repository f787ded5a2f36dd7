import { lstat, readdir, realpath } from 'node:fs/promises';
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
}

/**
 * All files below a folder in natural order, those in subfolders too. Names that begin with a dot (.git, .cache) are
 * no part of a checkpoint and left out.
 *
 * @throws ModelPrepError LINK_ESCAPE for a link out of the folder, NOT_A_REGULAR_FILE for what is no file either
 */
export async function listCheckpointFiles(dir: string): Promise<CheckpointFile[]> {
  try {
    return await filesBelow(await realpath(dir), '');
  } catch (cause) {
    throw toIoError(cause, dir);
  }
}

async function filesBelow(root: string, prefix: string): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  const entries = await readdir(join(root, prefix), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => naturalOrder(a.name, b.name))) {
    if (entry.name.startsWith('.')) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) files.push(...(await filesBelow(root, `${path}/`)));
    else files.push(await resolveFile(root, path));
  }
  return files;
}

async function resolveFile(root: string, path: string): Promise<CheckpointFile> {
  const file = join(root, path);
  const source = await realpath(file).catch((cause: unknown) => {
    throw toIoError(cause, file);
  });
  if (!isInside(source, root)) {
    const what = `expected a file inside the checkpoint, got a link to ${source}`;
    const hint = 'copy the checkpoint with its links resolved (cp -rL) and use the copy';
    throw new ModelPrepError('LINK_ESCAPE', what, { file, hint });
  }
  const stat = await lstat(source);
  if (stat.isFile()) return { path, source, bytes: stat.size };
  const hint = 'remove it, or copy the checkpoint with its links resolved (cp -rL)';
  throw new ModelPrepError('NOT_A_REGULAR_FILE', 'expected a file or a link to one', { file, hint });
}
