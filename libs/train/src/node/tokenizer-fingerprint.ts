import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathExists, sha256File } from '@flexattn/stage';

/** What a tokenizer is read from: the first of each that is there decides which others count. */
const TOKENIZERS = [
  ['tokenizer.json', 'tokenizer_config.json'],
  ['tokenizer.model', 'added_tokens.json'],
] as const;

/**
 * SHA-256 over the files that decide a checkpoint's token ids; undefined where it has no tokenizer.
 *
 * @param dir - the checkpoint's folder
 */
export async function tokenizerFingerprint(dir: string): Promise<string | undefined> {
  for (const [main, more] of TOKENIZERS) {
    if (!(await pathExists(join(dir, main)))) continue;
    const hash = createHash('sha256');
    for (const name of [main, more])
      if (await pathExists(join(dir, name))) hash.update(`${name} ${await sha256File(join(dir, name))}\n`);
    return hash.digest('hex');
  }
  return undefined;
}
