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
  return new Parser(withoutMark(text), file).document();
}

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Where in a text something stands, both from 1. */
export interface TextPlace {
  line: number;
  column: number;
}

/** Where the member at a path of keys and indices begins in JSON text that parses; undefined where there is none. */
export function placeInJson(text: string, path: readonly string[]): TextPlace | undefined {
  let place: TextPlace | undefined;
  const wanted = path.join('\0');
  const parser: Parser = new Parser(withoutMark(text), undefined, (found, at) => {
    if (found.join('\0') === wanted) place ??= parser.place(at);
  });
  parser.document();
  return place;
}

class Parser {
  private at = 0;
  private readonly path: string[] = [];
  constructor(
    private readonly text: string,
    private readonly file: string | undefined,
    /** Told the path of every member and the offset where it begins. */
    private readonly visit?: (path: readonly string[], at: number) => void,
  ) {}

  /** Of an offset, or the cursor. */
  place(at = this.at): TextPlace {
    const before = this.text.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

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
      members[key] = this.member(key, start, depth);
    });
    return members;
  }

  private array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.list(']', () => {
      this.space();
      items.push(this.member(String(items.length), this.at, depth));
    });
    return items;
  }

  /** The value of a member that begins at `start`, with its key where it has one. */
  private member(key: string, start: number, depth: number): unknown {
    this.path.push(key);
    this.visit?.(this.path, start);
    const value = this.value(depth + 1);
    this.path.pop();
    return value;
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
    const { line, column } = this.place();
    throw new StageError('BAD_JSON', `not valid JSON: line ${line}, column ${column}: ${what}`, {
      file: this.file,
      hint: 'mend the file',
      cause,
    });
  }
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const WORD = /[^\s,:[\]{}"]+/y;
