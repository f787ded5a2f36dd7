import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists, readJsonAs, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { createSentencePieceTokenizer } from '../sentencepiece/tokenizer.js';
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

/** 64 MB: the largest published model, of 256,000 pieces, has 4 MB; LLaMA's has 0.5. */
const MAX_MODEL_BYTES = 64e6;

/**
 * Reads the tokenizer of a model folder: `tokenizer.json`, with `tokenizer_config.json` where there is one, or
 * else `tokenizer.model` (SentencePiece, all that LLaVA ships), with `added_tokens.json`.
 *
 * @throws RuntimeError TOKENIZER_MISSING, TOKENIZER_INVALID; StageError as `readJsonAs`
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const [json, model] = [join(dir, 'tokenizer.json'), join(dir, 'tokenizer.model')];
  if (await pathExists(json)) {
    const content = await readJsonAs(json, z.looseObject({ model: z.looseObject({}) }));
    return createTokenizer(
      content,
      await readOptional(dir, 'tokenizer_config.json', z.looseObject({})),
      json,
    );
  }
  if (await pathExists(model)) {
    const added = await readOptional(dir, 'added_tokens.json', z.record(z.string().min(1), z.int().min(0)));
    return createSentencePieceTokenizer(await readModel(model), added, model);
  }
  const what = 'expected tokenizer.json or tokenizer.model in this folder, got neither';
  throw new RuntimeError('TOKENIZER_MISSING', what, { file: dir, hint: "copy the checkpoint's own" });
}

/** Whether `loadTokenizer` has something to read here. */
export async function hasTokenizer(dir: string): Promise<boolean> {
  return (await pathExists(join(dir, 'tokenizer.json'))) || pathExists(join(dir, 'tokenizer.model'));
}

async function readModel(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_MODEL_BYTES) return await readFile(file);
    const what = `expected at most ${MAX_MODEL_BYTES / 1e6} MB, got ${(size / 1e6).toFixed(0)} MB`;
    throw new RuntimeError('TOKENIZER_INVALID', what, { file, hint: "copy the checkpoint's own file" });
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

/** Content of a file that need not be there: an empty object where it is not. */
async function readOptional<T>(
  dir: string,
  name: string,
  schema: z.ZodType<T>,
): Promise<T | Record<string, never>> {
  const file = join(dir, name);
  return (await pathExists(file)) ? readJsonAs(file, schema) : {};
}
