import { dirname, resolve } from 'node:path';
import { createProgress, FlexattnError } from '@flexattn/stage';
import type { InferItem } from '../item.js';
import { answerMissing, type AnsweredItems, type Shard } from './answer-missing.js';
import type { AnswerStore } from './answer-store.js';

/** All that an evaluation needs of a model. `image` is a path; `prompt` holds `<image>` once. */
export interface Model {
  /** `stretch`: the picture is to be stretched to a square, not padded. */
  generate(request: { image: string; prompt: string; maxNewTokens: number; stretch: boolean }): Promise<{
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
  /** Where answers are kept, see `openAnswerStore`: what is there is not asked again. */
  store?: AnswerStore | undefined;
  /** Answers a part of the items. */
  shard?: Shard | undefined;
  /** Milliseconds from any start, as `performance.now`: every answer then tells how long it took, `ms`. */
  clock?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/**
 * Puts every item to a model, one after the other, and writes a line for each: `{ id, text, finish }`,
 * `{ id, losses }`, or `{ id, error: { code, message } }` where the model failed (`MODEL_FAILED` if it gave no code).
 */
export async function answerItems(options: AnswerItemsOptions): Promise<AnsweredItems> {
  const { model, root, clock, signal, quiet } = options;
  const folder = dirname(options.items);
  return answerMissing({
    ...options,
    ask: async (missing, answered) => {
      const progress = createProgress({ label: 'answer', total: missing.length, unit: 'items', quiet });
      for (const item of missing) {
        signal?.throwIfAborted();
        const start = clock?.();
        const answer = await answerOf(model, item, imagePath(item.image, folder, root));
        const time = clock === undefined || start === undefined ? {} : { ms: Math.round(clock() - start) };
        await answered(item, { ...answer, ...time });
        progress.advance(1);
      }
      progress.finish();
    },
  });
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
      stretch: item.stretch ?? false,
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
