/**
 * Walks over JSON text and keeps what `JSON.parse` loses: positions, repeated names and how a number was written.
 * `fail` throws the caller's own error; `at` is an index into `text`.
 */
export class JsonCursor {
  at = 0;

  constructor(
    readonly text: string,
    private readonly fail: (what: string, at: number) => never,
  ) {}

  /** The next character that is not white space, not consumed; '' at the end. */
  peek(): string {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
    return this.text[this.at] ?? '';
  }

  /** Consumes `character`, or fails. */
  expect(character: string): void {
    const got = this.peek();
    if (got !== character) this.fail(`expected ${quote(character)}, got ${this.found()}`, this.at);
    this.at++;
  }

  /** The next character that is not white space, as errors show it. */
  found(): string {
    return quote(this.peek());
  }

  /** Consumes a string and returns its value. */
  string(): string {
    if (this.peek() !== '"') this.fail(`expected a string, got ${this.found()}`, this.at);
    const begin = this.at;
    for (this.at++; this.text[this.at] !== '"';) {
      // In pieces: one pattern for the whole string would exhaust the stack from 10 MB on.
      if (this.match(PIECE) === undefined) this.fail('a string that is not closed or badly escaped', begin);
    }
    this.at++;
    const value = JSON.parse(this.text.slice(begin, this.at)) as string;
    if (/\p{Surrogate}/u.test(value)) this.fail('a string with half a surrogate pair', begin);
    return value;
  }

  /** Consumes a number and returns its source text: the caller decides which ones it takes. */
  number(): string {
    this.peek();
    return this.match(NUMBER) ?? this.fail(`expected a number, got ${this.found()}`, this.at);
  }

  /** Consumes an object; `visit` is called behind each `name:` and must consume the value. */
  members(visit: (name: string) => void): void {
    this.list('{', '}', () => {
      const name = this.string();
      this.expect(':');
      visit(name);
    });
  }

  /** Consumes an array; `visit` must consume one value. */
  elements(visit: () => void): void {
    this.list('[', ']', visit);
  }

  /** Consumes any value and returns where it begins and ends. */
  skipValue(): [begin: number, end: number] {
    const first = this.peek();
    const begin = this.at;
    if (first === '{') this.members(() => this.skipValue());
    else if (first === '[') this.elements(() => this.skipValue());
    else if (first === '"') this.string();
    else if (this.match(WORD) === undefined) this.number();
    return [begin, this.at];
  }

  private list(open: string, close: string, visit: () => void): void {
    this.expect(open);
    if (this.peek() !== close) {
      visit();
      while (this.peek() === ',') {
        this.at++;
        visit();
      }
    }
    this.expect(close);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }
}

// RFC 8259, sections 3, 6 and 7. Sticky: they match at lastIndex only.
const PIECE = /[^"\\\p{Cc}]{1,65536}|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/uy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

const quote = (character: string): string =>
  character === '' ? 'the end of the text' : JSON.stringify(character);
