import { dirname, resolve } from 'node:path';
import { createAtomicFile, createProgress, FlexattnError } from '@flexattn/stage';
import type { InferItem } from '../item.js';
import { jsonLines } from './json-lines.js';
import { readItems } from './read-items.js';

/** All that an evaluation needs of a model. `image` is a path; `prompt` holds `<image>` once. */
export interface Model {
  generate(request: { image: string; prompt: string; maxNewTokens: number }): Promise<{
    text: string;
    finish?: 'stop' | 'length';
  }>;
  /**
   * For each option the mean cross-entropy of its tokens after the prompt and a space, with the end token behind them
   * where `endToken` is true.
   */
  scoreOptions(request: {
    image: string;
    prompt: string;
    options: readonly string[];
    endToken: boolean;
  }): Promise<{
    losses: readonly number[];
  }>;
}

export interface AnswerItemsOptions {
  /** An items.jsonl of `writeItems`. */
  items: string;
  model: Model;
  /** The file to write. */
  out: string;
  /** The `root` that `writeItems` was given. */
  root?: string | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/**
 * Puts every item to a model, one after the other, and writes a line for each: `{ id, text, finish }`,
 * `{ id, losses }`, or `{ id, error: { code, message } }` where the model failed (`MODEL_FAILED` if it gave no code).
 */
export async function answerItems(options: AnswerItemsOptions): Promise<{ items: number; errors: number }> {
  const { model, root, signal } = options;
  const items = await readItems(options.items);
  const folder = dirname(options.items);
  const progress = createProgress({
    label: 'answer',
    total: items.size,
    unit: 'items',
    quiet: options.quiet,
  });
  const file = await createAtomicFile(options.out);
  let errors = 0;
  try {
    for (const item of items.values()) {
      signal?.throwIfAborted();
      const answer = await answerOf(model, item, imagePath(item.image, folder, root));
      if ('error' in answer) errors += 1;
      await file.write(jsonLines([{ id: item.id, ...answer }]));
      progress.advance(1);
    }
  } catch (error) {
    await file.abort();
    throw error;
  }
  await file.commit();
  progress.finish();
  return { items: items.size, errors };
}

async function answerOf(model: Model, item: InferItem, image: string): Promise<object> {
  try {
    if ('options' in item) {
      const { prompt, options, endToken = false } = item;
      const { losses } = await model.scoreOptions({ image, prompt, options, endToken });
      return { losses };
    }
    const { text, finish } = await model.generate({
      image,
      prompt: item.prompt,
      maxNewTokens: item.maxNewTokens,
    });
    return { text, finish };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: { code: error instanceof FlexattnError ? String(error.code) : 'MODEL_FAILED', message } };
  }
}

/** `./` counts from the folder of items.jsonl, other paths from the root. */
function imagePath(image: string, folder: string, root: string | undefined): string {
  return resolve(image.startsWith('./') ? folder : (root ?? folder), image);
}
