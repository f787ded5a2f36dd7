import { z } from 'zod';
import { EvalError } from '../errors.js';

/** An id as published files have it, number or text; always text for us, so that 7 and "7" are one. */
export const fileId = z.union([z.string().min(1), z.number().int()]).transform(String);

/** A row that `schema` allows; else `ITEM_INVALID` with the path inside the row. */
export function parseItem<T>(schema: z.ZodType<T>, value: unknown, id: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new EvalError(
    'ITEM_INVALID',
    `${where === '' ? 'row' : where}: ${issue?.message ?? 'not as published'}`,
    {
      item: id,
      hint: 'compare with the published file',
    },
  );
}
