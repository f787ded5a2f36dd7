import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { toIoError } from '@flexattn/stage';
import { parser } from 'stream-json';
import { pick } from 'stream-json/filters/pick.js';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import { streamObject } from 'stream-json/streamers/stream-object.js';
import { EvalError } from '../errors.js';

/** A member of an array (`key`: its index) or of an object (`key`: its name). */
export interface Row {
  key: string | number;
  value: unknown;
}

/** How the rows lie in the file: members of an array or object, which is the document or what `under` names in it. */
export interface RowShape {
  members: 'array' | 'object';
  under?: string;
}

/**
 * Members of a large JSON file, one in memory at a time. Text that is not JSON, or of another shape: `NOT_JSON`.
 * The first occurrence of a repeated key comes first; all come.
 */
export async function* readRows(file: string, { members, under }: RowShape): AsyncGenerator<Row> {
  const packed = { packValues: true, streamValues: false };
  const tokens =
    under === undefined ? parser.asStream(packed) : pick.withParserAsStream({ filter: under, ...packed });
  const decided = { includeUndecided: false };
  const rows = members === 'array' ? streamArray.asStream(decided) : streamObject.asStream(decided);
  // The loop below gets any stage's error; without a callback it would be thrown outside of it as well.
  pipeline([createReadStream(file, { highWaterMark: 1 << 18 }), tokens, rows], () => undefined);
  try {
    for await (const row of rows) yield row as Row;
  } catch (cause) {
    throw unreadable(cause, file, under === undefined ? `an ${members}` : `an ${members} under "${under}"`);
  }
}

/** The system's error as it is; any other says that the text is not JSON with what was expected. */
export function unreadable(cause: unknown, file: string, expected: string): Error {
  if (cause instanceof Error && 'errno' in cause) return toIoError(cause, file);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EvalError('NOT_JSON', `expected a JSON document with ${expected}: ${reason}`, {
    file,
    hint: 'fetch the file again',
    cause,
  });
}
