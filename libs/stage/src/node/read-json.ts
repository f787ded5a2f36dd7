import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { StageError } from '../errors.js';
import { parseJson, placeInJson } from '../parse-json.js';
import { schemaProblem } from '../schema-problem.js';
import { toIoError } from './io-error.js';

/** Larger documents are bulk data, which is streamed; one string in V8 holds 512 MB. */
const MAX_BYTES = 256e6;

/** The value of a JSON file (UTF-8, at most 256 MB); `FILE_MISSING`, `FILE_UNREADABLE`, `NOT_A_FILE` or `BAD_JSON`. */
export async function readJson(file: string): Promise<unknown> {
  return parseJson(await readJsonText(file), { file });
}

/** The text of a JSON file, not parsed yet. */
export async function readJsonText(file: string): Promise<string> {
  let bytes;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new StageError('NOT_A_FILE', 'expected a file', { file, hint: 'name a file' });
    if (found.size > MAX_BYTES) throw tooLarge(file, found.size);
    bytes = await readFile(file);
  } catch (cause) {
    throw toIoError(cause, file);
  }
  return decode(bytes, file);
}

/**
 * A JSON file that must fit `schema`; `BAD_CONTENT` names the line and column of the first member that does not, what was
 * expected and got, and of an unknown key the nearest known one.
 */
export async function readJsonAs<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readJsonText(file);
  const value = parseJson(text, { file });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, what } = schemaProblem(schema, value, result.error);
  throw contentError(what, { file, text, path, cause: result.error });
}

/** `BAD_CONTENT` of a member of a JSON text, with the line and column of its nearest ancestor that stands there. */
export function contentError(
  what: string,
  { file, text, path, cause }: { file: string; text: string; path: readonly string[]; cause?: unknown },
): StageError {
  const places = path.map((_, index) => placeInJson(text, path.slice(0, path.length - index)));
  const place = places.find((one) => one !== undefined);
  const where = place === undefined ? '' : `line ${place.line}, column ${place.column}: `;
  const item = path.length === 0 ? undefined : path.join('.');
  return new StageError('BAD_CONTENT', `${where}${what}`, { file, item, hint: 'mend the file', cause });
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
