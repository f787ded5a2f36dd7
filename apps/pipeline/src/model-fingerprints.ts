import { homedir } from 'node:os';
import { join } from 'node:path';
import { FlexattnError, Fingerprints, tellLine } from '@flexattn/stage';

/** Where it is remembered which files of models were found intact, so that 13 GB are hashed once, not for every question. */
export function modelFingerprints(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'flexattn', 'fingerprints.tsv');
}

/**
 * Does a work that learns the hashes of models' files, and keeps them there. A memo that cannot be written only costs time
 * later: that is said, and the work counts.
 */
export async function rememberingModels<T>(work: (fingerprints: Fingerprints) => Promise<T>): Promise<T> {
  const fingerprints = await Fingerprints.open(modelFingerprints(process.env));
  const result = await work(fingerprints);
  try {
    await fingerprints.save();
  } catch (cause) {
    if (!(cause instanceof FlexattnError)) throw cause;
    tellLine(`hashes are not remembered: ${cause.message}`);
  }
  return result;
}
