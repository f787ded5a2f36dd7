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

/** Tokens that wait between parser and rows: a string of megabytes is one token. */
const WAITING_TOKENS = 2;

/**
 * Members of a large JSON file, one in memory at a time. Text that is not JSON, or of another shape: `NOT_JSON`.
 * The first occurrence of a repeated key comes first; all come.
 */
export async function* readRows(file: string, { members, under }: RowShape): AsyncGenerator<Row> {
  const packed = { packValues: true, streamValues: false, readableHighWaterMark: WAITING_TOKENS };
  const tokens =
    under === undefined ? parser.asStream(packed) : pick.withParserAsStream({ filter: under, ...packed });
  // A row may be a picture of megabytes: none waits beside the one that is read.
  const oneByOne = { includeUndecided: false, highWaterMark: 1 };
  const rows = members === 'array' ? streamArray.asStream(oneByOne) : streamObject.asStream(oneByOne);
  // The loop below gets any stage's error; without a callback it would be thrown outside of it as well.
  pipeline([createReadStream(file, { highWaterMark: 1 << 18 }), tokens, rows], () => undefined);
  try {
    for await (const row of rows) yield row as Row;
  } catch (cause) {
    if (cause instanceof Error && 'errno' in cause) throw toIoError(cause, file);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const expected = under === undefined ? `an ${members}` : `an ${members} under "${under}"`;
    throw new EvalError('NOT_JSON', `expected a JSON document with ${expected}: ${reason}`, {
      file,
      hint: 'fetch the file again',
      cause,
    });
  }
}
