import { afterByte, firstOfNumber, numberStep, type NumberState } from './json-number.js';
import { MAX_CHECKED_DEPTH } from './limits.js';

/** Where between the parts of a value one is; a number has states of its own. */
type State =
  | 'value'
  | 'first item'
  | 'first key'
  | 'key'
  | 'colon'
  | 'after'
  | 'string'
  | 'escape'
  | 'hex'
  | 'word'
  | 'done'
  | { number: NumberState };

const EXPECTED: Record<Extract<State, string>, string> = {
  value: 'a value',
  'first item': 'a value or "]"',
  'first key': 'a key or "}"',
  key: 'a key',
  colon: '":"',
  after: '"," or the closing bracket',
  string: 'no control character in a string',
  escape: 'one of "\\/bfnrtu after a backslash',
  hex: 'four hexadecimal digits after \\u',
  word: 'true, false or null',
  done: 'nothing more',
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * RFC 8259 of one value, byte by byte and in constant memory: finds where a text stops being JSON, and checks a value
 * that is too large to be held. Slow beside `JSON.parse`, which judges everything else.
 */
export class JsonGrammar {
  /** Bytes accepted so far. */
  offset = 0;
  /** Line feeds among them, and the offset behind the last one. */
  lines = 0;
  lineStart = 0;
  #state: State = 'value';
  #depth = 0;
  /** One bit a level: 1 for an object, 0 for an array. */
  #levels = new Uint8Array(16);
  #isKey = false;
  #hexLeft = 0;
  #word = '';

  /** Takes `bytes`; false at the first one that cannot stand where it does (`offset` is then its place). */
  push(bytes: Uint8Array): boolean {
    for (const byte of bytes) {
      if (!this.#take(byte)) return false;
      this.offset += 1;
      if (byte === 0x0a) {
        this.lines += 1;
        this.lineStart = this.offset;
      }
    }
    return true;
  }

  /** Whether what was taken is one whole value. */
  get complete(): boolean {
    if (typeof this.#state !== 'string') return this.#depth === 0 && numberStep(this.#state.number).end;
    return this.#state === 'done';
  }

  /** What may stand at `offset`. */
  get expected(): string {
    if (this.#depth === MAX_CHECKED_DEPTH) return `at most ${MAX_CHECKED_DEPTH} nested brackets`;
    return typeof this.#state === 'string' ? EXPECTED[this.#state] : numberStep(this.#state.number).expected;
  }

  #take(byte: number): boolean {
    const state = this.#state;
    if (typeof state !== 'string') return this.#takeInNumber(byte, state.number);
    if (state === 'string') return this.#takeInString(byte);
    if (state === 'escape' || state === 'hex') return this.#takeInEscape(byte, state);
    if (state === 'word') return this.#takeInWord(byte);
    return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || this.#takeToken(byte, state);
  }

  #takeInString(byte: number): boolean {
    if (byte < 0x20) return false;
    if (byte === BACKSLASH) return this.#go('escape');
    return byte !== QUOTE || (this.#isKey ? this.#go('colon') : this.#endValue());
  }

  #takeInEscape(byte: number, state: 'escape' | 'hex'): boolean {
    const character = String.fromCharCode(byte);
    if (state === 'hex') {
      if (!/[0-9a-f]/i.test(character)) return false;
      this.#hexLeft -= 1;
      return this.#go(this.#hexLeft === 0 ? 'string' : 'hex');
    }
    this.#hexLeft = 4;
    return '"\\/bfnrtu'.includes(character) && this.#go(character === 'u' ? 'hex' : 'string');
  }

  #takeInWord(byte: number): boolean {
    if (byte !== this.#word.charCodeAt(0)) return false;
    this.#word = this.#word.slice(1);
    return this.#word !== '' || this.#endValue();
  }

  #takeInNumber(byte: number, state: NumberState): boolean {
    const next = afterByte(state, byte);
    if (next === 'end') return this.#endValue() && this.#take(byte);
    return next !== undefined && this.#go({ number: next });
  }

  #takeToken(byte: number, state: State): boolean {
    const token = String.fromCharCode(byte);
    if (state === 'done') return false;
    if (state === 'colon') return token === ':' && this.#go('value');
    if (state === 'after' && token === ',') return this.#go(this.#inObject() ? 'key' : 'value');
    const mayClose = state === 'after' || state === 'first item' || state === 'first key';
    if (mayClose && token === (this.#inObject() ? '}' : ']')) {
      this.#depth -= 1;
      return this.#endValue();
    }
    if (state === 'after') return false;
    this.#isKey = state === 'key' || state === 'first key';
    if (token === '"') return this.#go('string');
    return !this.#isKey && this.#beginValue(byte, token);
  }

  #beginValue(byte: number, token: string): boolean {
    if (token === '{' || token === '[') return this.#open(token === '{');
    const number = firstOfNumber(byte);
    if (number !== undefined) return this.#go({ number });
    const word = { t: 'rue', f: 'alse', n: 'ull' }[token];
    this.#word = word ?? '';
    return word !== undefined && this.#go('word');
  }

  #open(isObject: boolean): boolean {
    if (this.#depth === MAX_CHECKED_DEPTH) return false;
    const cell = this.#depth >> 3;
    if (cell === this.#levels.length) {
      const larger = new Uint8Array(2 * cell);
      larger.set(this.#levels);
      this.#levels = larger;
    }
    const bit = 1 << (this.#depth & 7);
    const others = (this.#levels[cell] ?? 0) & ~bit;
    this.#levels[cell] = isObject ? others | bit : others;
    this.#depth += 1;
    return this.#go(isObject ? 'first key' : 'first item');
  }

  #inObject(): boolean {
    const level = this.#depth - 1;
    return ((this.#levels[level >> 3] ?? 0) & (1 << (level & 7))) !== 0;
  }

  #endValue(): true {
    return this.#go(this.#depth === 0 ? 'done' : 'after');
  }

  #go(state: State): true {
    this.#state = state;
    return true;
  }
}
