import { parseJson, StageError, type TextLine } from '@flexattn/stage';
import type { z } from 'zod';

/** A line's JSON value, which must fit `schema`: else `BAD_JSON` or `BAD_CONTENT` with the line's number. */
export function parseLine<Schema extends z.ZodType>(
  file: string,
  { line, text }: TextLine,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(parseJson(text, { file: `${file}, line ${line}` }));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new StageError('BAD_CONTENT', issue?.message ?? 'unexpected content', {
    file,
    item: [`line ${line}`, ...(issue?.path ?? [])].join('.'),
    hint: 'run the stage that wrote it again',
    cause: result.error,
  });
}
