import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where it is remembered which files of models were found intact, so that 13 GB are hashed once, not for every question. */
export function modelFingerprints(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'flexattn', 'fingerprints.tsv');
}
