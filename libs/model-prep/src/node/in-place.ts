import { access, constants, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { toIoError, withLock } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { PlannedFile } from '../init-plan.js';
import { RECIPE_KEY } from '../init-recipe.js';
import { parseSafetensors } from '../safetensors-header.js';
import { WEIGHT_NAMES } from '../weight-index.js';
import { syncFolder } from './new-folder.js';
import { entryKind, withWeightFile } from './weight-file.js';
import { writePlanned } from './write-plan.js';
import type { PlanWriter } from './write-plan.js';

const LOCK = '.flexattn-init.lock';

/**
 * Extends a checkpoint's own folder: new shards first, then config.json and the index. Where there was one
 * `model.safetensors`, giving it its name as a shard comes last: until then readers find the checkpoint as it was, and
 * a run that was interrupted can be repeated.
 *
 * @throws ModelPrepError NAME_TAKEN where a name of a new shard belongs to another file
 */
export async function writeInPlace(
  dir: string,
  plan: readonly PlannedFile[],
  writer: PlanWriter,
): Promise<void> {
  await requireWritable(dir);
  await withLock(join(dir, LOCK), async () => {
    const written = plan.filter(({ how }) => how !== 'link');
    for (const file of written) if (file.how === 'fresh') await requireFree(join(dir, file.path));
    for (const file of written) await writePlanned(file, dir, writer);
    for (const file of plan) if (file.how === 'link') await renameShard(dir, file);
  });
}

/** Did a run that was killed leave its lock? */
export const isLeftLocked = async (dir: string): Promise<boolean> =>
  (await entryKind(join(dir, LOCK))) !== 'none';

/** Said before gigabytes are written. */
async function requireWritable(dir: string): Promise<void> {
  try {
    await access(dir, constants.W_OK);
  } catch (cause) {
    const error = toIoError(cause, dir);
    const isRefusal =
      cause instanceof Error && 'code' in cause && /^(?:EROFS|EACCES|EPERM)$/.test(String(cause.code));
    if (!isRefusal) throw error;
    const what = 'expected a folder that may be written to, got a read-only one';
    const hint = 'choose a new folder (--out)';
    throw new ModelPrepError('READ_ONLY', what, { file: dir, hint, cause, exitCode: error.exitCode });
  }
}

/** A file that an interrupted run left is written again; any other is somebody's. */
async function requireFree(file: string): Promise<void> {
  if ((await entryKind(file)) === 'none') return;
  const isOurs = await withWeightFile(file, (source) => parseSafetensors(source, file)).then(
    ({ metadata }) => metadata.has(RECIPE_KEY),
    (cause: unknown) => {
      if (cause instanceof ModelPrepError) return false;
      throw cause;
    },
  );
  if (isOurs) return;
  const hint = 'no index names it: move it out of the checkpoint';
  throw new ModelPrepError('NAME_TAKEN', 'expected this name to be free, got a file', { file, hint });
}

/** Only `model.safetensors` gets another name; a rename needs no space and is done or not. */
async function renameShard(dir: string, { path }: PlannedFile): Promise<void> {
  const { single } = WEIGHT_NAMES.safetensors;
  const target = join(dir, path);
  if ((await entryKind(target)) !== 'none') return;
  try {
    await rename(join(dir, single), target);
    await syncFolder(dir);
  } catch (cause) {
    throw toIoError(cause, target);
  }
}
