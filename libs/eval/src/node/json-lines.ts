import { readTextLines } from '@flexattn/stage';
import { EvalError } from '../errors.js';

/**
 * A line for each value, each with its newline. U+2028 and U+2029 are escaped: many readers end a line there.
 */
export function jsonLines(values: readonly unknown[]): string {
  const lines = values.map((value) => `${JSON.stringify(value)}\n`);
  return lines.join('').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A line of a JSON lines file, numbered from 1. */
export interface JsonLine {
  line: number;
  value: unknown;
}

/** Values of a JSON lines file; empty lines are passed over. A line that is not JSON: `BAD_LINE`. */
export async function* readJsonLines(file: string): AsyncGenerator<JsonLine> {
  for await (const { line, text } of readTextLines(file)) yield { line, value: parseLine(file, line, text) };
}

function parseLine(file: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EvalError('BAD_LINE', `not a JSON value: ${reason}`, {
      file,
      item: `line ${line}`,
      hint: 'write the file again',
      cause,
    });
  }
}
