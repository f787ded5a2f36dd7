import { StageError } from './errors.js';

/** Deeper documents than this are refused: no file that we read nests further, and recursion stays bounded. */
const MAX_DEPTH = 64;
/** Characters of a bad value that a message shows. */
const SHOWN = 40;

/**
 * RFC 8259 text to a value, stricter than `JSON.parse`: no duplicate key, no `__proto__` key, at most 64 levels.
 * Errors carry line and column (`BAD_JSON`). For configuration and small files; bulk data has its own scanner.
 */
export function parseJson(text: string, { file }: { file?: string } = {}): unknown {
  return new Parser(text.startsWith('\uFEFF') ? text.slice(1) : text, file).document();
}

class Parser {
  private at = 0;
  constructor(
    private readonly text: string,
    private readonly file: string | undefined,
  ) {}

  document(): unknown {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('text after the end of the document');
    return value;
  }

  private value(depth: number): unknown {
    this.space();
    const first = this.text[this.at];
    if (depth === MAX_DEPTH && (first === '{' || first === '[')) this.fail(`more than ${MAX_DEPTH} levels`);
    if (first === '{') return this.object(depth);
    if (first === '[') return this.array(depth);
    return this.scalar(first === '"' ? STRING : WORD);
  }

  private object(depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    this.list('}', () => {
      this.space();
      const start = this.at;
      const key = this.scalar(STRING) as string;
      if (key === '__proto__' || Object.hasOwn(members, key)) {
        this.at = start;
        this.fail(
          key === '__proto__'
            ? 'the key "__proto__" is not allowed'
            : `the key "${key.slice(0, SHOWN)}" stands twice`,
        );
      }
      this.expect(':');
      members[key] = this.value(depth + 1);
    });
    return members;
  }

  private array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.list(']', () => items.push(this.value(depth + 1)));
    return items;
  }

  /** Members between the bracket under the cursor and `end`, separated by commas. */
  private list(end: string, member: () => void): void {
    this.at += 1;
    this.space();
    if (this.text[this.at] === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      member();
      this.space();
      if (this.text[this.at] === end) break;
      this.expect(',');
    }
    this.at += 1;
  }

  /** A string, number, true, false or null: `JSON.parse` decides what its text means. */
  private scalar(shape: RegExp): unknown {
    shape.lastIndex = this.at;
    const source = shape.exec(this.text)?.[0];
    if (source === undefined) {
      this.fail(shape === STRING && this.text[this.at] === '"' ? 'a string without its end' : this.found());
    }
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch (cause) {
      this.fail(`not a JSON value: ${source.slice(0, SHOWN)}`, cause);
    }
    if (value === Infinity || value === -Infinity)
      this.fail(`a number out of range: ${source.slice(0, SHOWN)}`);
    this.at += source.length;
    return value;
  }

  private expect(character: string): void {
    this.space();
    if (this.text[this.at] !== character) this.fail(`expected "${character}": ${this.found()}`);
    this.at += 1;
  }

  private found(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined
      ? 'unexpected end of the text'
      : `unexpected ${JSON.stringify(String.fromCodePoint(code))}`;
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)?.[0].length ?? 0;
  }

  private fail(what: string, cause?: unknown): never {
    const before = this.text.slice(0, this.at).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new StageError('BAD_JSON', `not valid JSON: line ${before.length}, column ${column}: ${what}`, {
      file: this.file,
      hint: 'mend the file',
      cause,
    });
  }
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const WORD = /[^\s,:[\]{}"]+/y;
