import { createReadStream } from 'node:fs';
import { toIoError } from '@flexattn/stage';
import { jsonParser, type ParserOptions, type Token } from 'stream-json/core/parser.js';
import { EvalError } from '../errors.js';

/** The tokens of a JSON file, those of a quarter of a megabyte together. */
export async function* jsonTokens(file: string, options: ParserOptions): AsyncGenerator<readonly Token[]> {
  const parse = jsonParser(options);
  let isFirst = true;
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const tokens = parse(isFirst ? String(chunk).replace(/^\ufeff/, '') : String(chunk));
    isFirst = false;
    if (typeof tokens !== 'symbol') yield tokens.values;
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
