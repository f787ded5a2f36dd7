const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What the bytes of a value tell without parsing them. */
export interface ValueFacts {
  /** Nested brackets, its own included. */
  depth: number;
  /** Colons outside strings: keys, repeated ones included. */
  keys: number;
  /** Whether a string holds a `\u` escape, which may be half of a surrogate pair. */
  unicodeEscapes: boolean;
}

/**
 * Finds the end of one JSON value that arrives in chunks: strings and escapes respected, brackets counted, nothing
 * else judged, so what it finds must still be parsed. The hot loop of the library.
 */
export class ValueScanner implements ValueFacts {
  /** Whether the value has ended. */
  ended = true;
  /** Line feeds between its tokens, and the index in the last chunk behind the last of them. */
  lineFeeds = 0;
  behindLineFeed = 0;
  depth = 0;
  keys = 0;
  unicodeEscapes = false;
  #isScalar = false;
  #open = 0;
  #inString = false;
  #escaped = false;

  /** Starts with a value whose first byte is `first`, which `scan` is still to be given. */
  begin(first: number): void {
    this.ended = false;
    this.#isScalar = first !== QUOTE && first !== OPEN_ARRAY && first !== OPEN_OBJECT;
    this.#open = 0;
    this.depth = 0;
    this.keys = 0;
    this.unicodeEscapes = false;
    this.#inString = false;
    this.#escaped = false;
  }

  /** Whether the value is a number or a word, whose end only the byte behind it shows. */
  get isScalar(): boolean {
    return this.#isScalar;
  }

  /** Scans `chunk` from index `from`: the index behind the value (`ended`), or the chunk's length. */
  scan(chunk: Uint8Array, from: number): number {
    this.lineFeeds = 0;
    if (this.#isScalar) return this.#scanScalar(chunk, from);
    let i = from;
    while (i < chunk.length) {
      if (this.#escaped) {
        this.#escaped = false;
        if (chunk[i] === 0x75) this.unicodeEscapes = true;
        i += 1;
        continue;
      }
      i = this.#inString ? this.#scanString(chunk, i) : this.#scanStructure(chunk, i);
      if (this.#open === 0 && !this.#inString) {
        this.ended = true;
        return i;
      }
    }
    return i;
  }

  /** A word or a number ends in front of white space, a comma or the array's bracket. */
  #scanScalar(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i += 1) {
      const byte = chunk[i] ?? 0;
      if (byte <= 0x20 || byte === COMMA || byte === CLOSE_ARRAY) {
        this.ended = true;
        return i;
      }
    }
    return chunk.length;
  }

  /** To behind the quote or the backslash that comes next. */
  #scanString(chunk: Uint8Array, from: number): number {
    let i = from;
    while (i < chunk.length) {
      const byte = chunk[i];
      i += 1;
      if (byte === QUOTE) {
        this.#inString = false;
        return i;
      }
      if (byte === BACKSLASH) {
        this.#escaped = true;
        return i;
      }
    }
    return i;
  }

  /** To behind the quote that comes next, or the bracket that closes the value. */
  #scanStructure(chunk: Uint8Array, from: number): number {
    let i = from;
    while (i < chunk.length) {
      const byte = chunk[i];
      i += 1;
      if (byte === QUOTE) {
        this.#inString = true;
        return i;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.#open += 1;
        if (this.#open > this.depth) this.depth = this.#open;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#open -= 1;
        if (this.#open === 0) return i;
      } else if (byte === COLON) {
        this.keys += 1;
      } else if (byte === LF) {
        this.lineFeeds += 1;
        this.behindLineFeed = i;
      }
    }
    return i;
  }
}
