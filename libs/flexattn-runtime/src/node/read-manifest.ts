import { join } from 'node:path';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { MANIFEST_FILE, MANIFEST_VERSION, manifestSchema } from '../manifest.js';
import type { Manifest } from '../manifest.js';

/**
 * The manifest of a compiled folder.
 *
 * @throws RuntimeError MODEL_DAMAGED where another version of this library wrote it; StageError for one that is none
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const file = join(dir, MANIFEST_FILE);
  const { version } = await readJsonAs(file, z.looseObject({ version: z.unknown() }));
  if (version !== MANIFEST_VERSION) {
    const what = `expected a model compiled as version ${MANIFEST_VERSION}, got ${JSON.stringify(version)}`;
    throw new RuntimeError('MODEL_DAMAGED', what, { file, hint: 'compile the model again' });
  }
  return readJsonAs(file, manifestSchema);
}
