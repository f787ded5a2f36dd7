import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { createTokenizer } from '../tokenizer.js';
import type { Tokenizer } from '../tokenizer.js';

/** Files of a checkpoint that belong to its tokenizer. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
];

/**
 * Reads the tokenizer of a model folder: `tokenizer.json`, and `tokenizer_config.json` where there is one.
 *
 * @throws RuntimeError TOKENIZER_MISSING, TOKENIZER_INVALID
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const file = join(dir, 'tokenizer.json');
  if (!(await exists(file))) throw await missing(dir);
  const content = await readJsonAs(file, z.looseObject({ model: z.looseObject({}) }));
  const configFile = join(dir, 'tokenizer_config.json');
  const config = (await exists(configFile)) ? await readJsonAs(configFile, z.looseObject({})) : {};
  return createTokenizer(content, config, file);
}

/** Is there something under this name? */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function missing(dir: string): Promise<RuntimeError> {
  if (await exists(join(dir, 'tokenizer.model'))) {
    const what = 'expected tokenizer.json, got only tokenizer.model: SentencePiece files are not read yet';
    const hint = 'save the tokenizer with transformers (AutoTokenizer.save_pretrained) beside it';
    return new RuntimeError('TOKENIZER_MISSING', what, { file: dir, hint });
  }
  const what = 'expected tokenizer.json in this folder, got none';
  return new RuntimeError('TOKENIZER_MISSING', what, { file: dir, hint: "copy the checkpoint's own" });
}
