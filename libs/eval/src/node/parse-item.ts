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

/** The id of a row, where it has one under `name`. */
export function idOf(value: unknown, name: string): string | undefined {
  const own: unknown = Object.getOwnPropertyDescriptor(Object(value), name)?.value;
  return fileId.safeParse(own).data;
}

/** The answers of an item; none: `NO_ANSWERS`. */
export function targetsOf(answers: readonly string[], item: string): readonly string[] {
  if (answers.length > 0) return answers;
  throw new EvalError('NO_ANSWERS', 'expected the right answers, got none', {
    item,
    hint: 'use the validation file: test files have no answers',
  });
}
