import { DataPrepError } from './errors.js';
import { JsonGrammar } from './json-grammar.js';

/** Where in a file: the first byte has offset 0 and stands in line 1, column 1; columns count bytes. */
export interface Position {
  byteOffset: number;
  line: number;
  column: number;
}

const REPAIR = 'mend this place of the file, or fetch the file again';

/** The error for `file` not holding at `position` what it should. */
export function syntaxError(
  code: 'NOT_JSON' | 'NOT_SAMPLES' | 'CUT_SHORT',
  file: string,
  { line, column, byteOffset }: Position,
  what: string,
  hint = REPAIR,
): DataPrepError {
  return new DataPrepError(code, what, {
    file,
    item: `line ${line}, column ${column}, byte ${byteOffset}`,
    hint,
  });
}

/** The error for a sample that begins at `begin` and goes wrong where `grammar` stopped. */
export function grammarError(file: string, begin: Position, grammar: JsonGrammar): DataPrepError {
  const { offset, lines, lineStart, expected } = grammar;
  const position = {
    byteOffset: begin.byteOffset + offset,
    line: begin.line + lines,
    column: lines === 0 ? begin.column + offset : offset - lineStart + 1,
  };
  return syntaxError('NOT_JSON', file, position, `expected ${expected}`);
}

/** Throws `NOT_JSON` with the place where `bytes`, a sample that begins at `begin`, are not one JSON value. */
export function checkGrammar(file: string, begin: Position, bytes: Uint8Array): void {
  const grammar = new JsonGrammar();
  if (!grammar.push(bytes) || !grammar.complete) throw grammarError(file, begin, grammar);
}

/** A byte as a message shows it. */
export function quotedByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? `"${String.fromCharCode(byte)}"`
    : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
