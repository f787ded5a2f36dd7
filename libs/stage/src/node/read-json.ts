import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { StageError } from '../errors.js';
import { parseJson } from '../parse-json.js';
import { toIoError } from './io-error.js';

/** Larger documents are bulk data, which is streamed; one string in V8 holds 512 MB. */
const MAX_BYTES = 256e6;

/** The value of a JSON file (UTF-8, at most 256 MB); `FILE_MISSING`, `FILE_UNREADABLE`, `NOT_A_FILE` or `BAD_JSON`. */
export async function readJson(file: string): Promise<unknown> {
  let bytes;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new StageError('NOT_A_FILE', 'expected a file', { file, hint: 'name a file' });
    if (found.size > MAX_BYTES) throw tooLarge(file, found.size);
    bytes = await readFile(file);
  } catch (cause) {
    throw toIoError(cause, file);
  }
  return parseJson(decode(bytes, file), { file });
}

/** A JSON file that must fit `schema`; `BAD_CONTENT` names the first path that does not, what was expected and got. */
export async function readJsonAs<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const value = await readJson(file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path = [], message = 'unexpected content' } = result.error.issues[0] ?? {};
  // The library names the type that it got, and leaves out the value where a type is not all that is wrong.
  const got = /received|[Uu]nrecognized/.test(message) ? '' : `, got ${quoted(valueAt(value, path))}`;
  throw new StageError('BAD_CONTENT', `${message}${got}`, {
    file,
    item: path.length === 0 ? undefined : path.map(String).join('.'),
    hint: 'mend the file',
    cause: result.error,
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** At most 60 characters of the value's JSON. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new StageError('BAD_JSON', 'not valid JSON: not UTF-8 text', {
      file,
      hint: 'save it as UTF-8',
      cause,
    });
  }
}

function tooLarge(file: string, size: number): StageError {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return new StageError('BAD_CONTENT', `expected at most ${megabytes(MAX_BYTES)}, got ${megabytes(size)}`, {
    file,
    hint: 'is it the right file?',
  });
}
