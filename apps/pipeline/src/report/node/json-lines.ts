import { createReadStream } from 'node:fs';
import { parseJson, StageError, toIoError } from '@flexattn/stage';
import type { z } from 'zod';

/** A line of a file, numbered from 1. */
export interface TextLine {
  line: number;
  text: string;
}

/** The lines of a UTF-8 file that hold anything; only `\n` ends one, as JSON text may hold U+2028. */
export async function* textLines(file: string): AsyncGenerator<TextLine> {
  let rest = '';
  let line = 0;
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const text of parts) {
        line += 1;
        if (text.trim() !== '') yield { line, text };
      }
    }
  } catch (cause) {
    throw toIoError(cause, file);
  }
  if (rest.trim() !== '') yield { line: line + 1, text: rest };
}

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
