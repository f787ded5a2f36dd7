import { z } from 'zod';
import type { Regions } from './regions.js';
import { RuntimeError } from './error.js';

const common = {
  id: z.string().min(1),
  benchmark: z.string().optional(),
  /** Path of the picture, relative to the folder of the items. */
  image: z.string().min(1),
  /** Where given, the picture's bytes must have it. */
  imageSha256: z.string().length(64).optional(),
  prompt: z.string(),
};
const itemSchema = z.union([
  z.object({ ...common, options: z.array(z.string()).min(1), endToken: z.boolean().optional() }),
  z.object({ ...common, maxNewTokens: z.number().int().positive(), stretch: z.boolean().optional() }),
]);

/** One question of a benchmark: to be answered in words, or by the best of its options. */
export type InferItem = z.output<typeof itemSchema>;

/** One line of the answers, in the order of the items. */
export type Answer =
  | { id: string; text: string; tokens: number[]; finish: 'stop' | 'length'; regions: Regions }
  | { id: string; losses: number[]; best: number; regions: Regions }
  | { id: string; error: { code: string; message: string } };

/**
 * Checks one item.
 *
 * @param where - named in errors, as `items.jsonl[3]`
 * @throws RuntimeError BAD_ITEM
 */
export function parseItem(value: unknown, where: { file: string; item: string }): InferItem {
  const result = itemSchema.safeParse(value);
  if (result.success) return result.data;
  const what = 'expected id, image, prompt and either maxNewTokens or options';
  const [issue] = result.error.issues;
  const got = issue === undefined ? '' : `, got: ${issue.path.join('.') || 'item'}: ${issue.message}`;
  throw new RuntimeError('BAD_ITEM', what + got, {
    ...where,
    hint: 'write the items again',
    cause: result.error,
  });
}
