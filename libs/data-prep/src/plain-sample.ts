import { ControlBytes } from './control-bytes.js';
import { endOfInteger, endOfOne, endOfWord, standsAt } from './plain-words.js';
import { RepeatedBytes } from './repeated-bytes.js';

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LESS = 0x3c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Where the parts of a sample stand that the rules look at; offsets from its first byte, quotes not included. */
export interface PlainFacts {
  /** The image's name, printable ASCII without escapes; both 0 where it names none. */
  imageBegin: number;
  imageEnd: number;
  /** The text of the first human turn; both 0 where nobody asks. */
  promptBegin: number;
  promptEnd: number;
  /** Where the last escape of that text begins; 0 where it has none. */
  promptEscape: number;
  /** Keys of the sample and of its turns. */
  keys: number;
  /** `<image>` in all turns, where the last of them begins, and `<` in all turns. */
  tags: number;
  tagAt: number;
  lessThans: number;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const ID = bytesOf('"id"');
const IMAGE = bytesOf('"image"');
const CONVERSATIONS = bytesOf('"conversations"');
const FROM = bytesOf('"from"');
const VALUE = bytesOf('"value"');
const TAG = bytesOf('<image>');
const HUMANS = [bytesOf('"human"'), bytesOf('"user"')];
const OTHERS = [bytesOf('"gpt"'), bytesOf('"assistant"'), bytesOf('"system"')];

/** What may follow a backslash: the escapes that `JSON.stringify` writes too. */
const ESCAPED = new Uint8Array(256);
for (const byte of bytesOf('"\\bfnrt')) ESCAPED[byte] = 1;

/**
 * Recognises in one pass the samples that need no parsing: `{id, image?, conversations: [{from, value}, ...]}` with no
 * other and no repeated key, in a turn in this order, of the right types, their strings without control characters and with the usual escapes
 * only. What it recognises is valid JSON of the right shape, provided that it is UTF-8. Anything else must be parsed.
 */
export class PlainSample implements PlainFacts {
  imageBegin = 0;
  imageEnd = 0;
  promptBegin = 0;
  promptEnd = 0;
  promptEscape = 0;
  keys = 0;
  tags = 0;
  tagAt = 0;
  lessThans = 0;
  /** Line feeds between its tokens, and the index behind the last of them. */
  lineFeeds = 0;
  behindLineFeed = 0;
  /** Control characters between its tokens: the only ones that it may have. */
  #spaceControls = 0;
  #hasTurns = false;
  #human = false;
  readonly #afterHuman = new RepeatedBytes();
  readonly #afterOther = new RepeatedBytes();
  #lastEscape = 0;
  /** The chunk, and where the next backslash and the next `<` stand in it. */
  #chunk: Uint8Array = new Uint8Array(0);
  #controls = new ControlBytes(this.#chunk);
  #backslash = -1;
  #less = -1;

  /** Takes the chunk in which `match` is to look. */
  enter(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#controls = new ControlBytes(chunk);
    this.#backslash = -1;
    this.#less = -1;
  }

  /** The index behind the sample whose `{` stands at `begin`, or 0 where it is not plain or not all in `bytes`. */
  match(begin: number): number {
    const end = this.#match(this.#chunk, begin);
    return end > 0 && this.#controls.count(begin, end) === this.#spaceControls ? end : 0;
  }

  #match(bytes: Uint8Array, begin: number): number {
    this.imageEnd = 0;
    this.promptEnd = 0;
    this.keys = 1;
    this.tags = 0;
    this.lessThans = 0;
    this.lineFeeds = 0;
    this.#spaceControls = 0;
    this.#hasTurns = false;
    let hasId = false;
    let i = this.#skipSpace(bytes, begin + 1);
    for (;;) {
      const letter = bytes[i + 2];
      if (letter === 0x64 && !hasId) {
        hasId = true;
        i = this.#id(bytes, i);
      } else if (letter === 0x6d && this.imageEnd === 0) {
        i = this.#image(bytes, i);
      } else if (letter === 0x6f && !this.#hasTurns) {
        i = this.#turns(bytes, i);
      } else return 0;
      if (i === 0) return 0;
      i = this.#skipSpace(bytes, i);
      const byte = bytes[i];
      if (byte === CLOSE_OBJECT) return hasId && this.#hasTurns ? i + 1 : 0;
      if (byte !== COMMA) return 0;
      this.keys += 1;
      i = this.#skipSpace(bytes, i + 1);
    }
  }

  /** The facts of the sample that was matched at `begin`. */
  facts(begin: number): PlainFacts {
    const hasImage = this.imageEnd > 0;
    const hasPrompt = this.promptEnd > 0;
    return {
      imageBegin: hasImage ? this.imageBegin - begin : 0,
      imageEnd: hasImage ? this.imageEnd - begin : 0,
      promptBegin: hasPrompt ? this.promptBegin - begin : 0,
      promptEnd: hasPrompt ? this.promptEnd - begin : 0,
      promptEscape: hasPrompt && this.promptEscape > 0 ? this.promptEscape - begin : 0,
      keys: this.keys,
      tags: this.tags,
      tagAt: this.tags > 0 ? this.tagAt - begin : 0,
      lessThans: this.lessThans,
    };
  }

  #id(bytes: Uint8Array, at: number): number {
    const i = this.#skipKey(bytes, at, ID);
    if (i === 0) return 0;
    return bytes[i] === QUOTE ? endOfWord(bytes, i + 1) : endOfInteger(bytes, i);
  }

  #image(bytes: Uint8Array, at: number): number {
    const i = this.#skipKey(bytes, at, IMAGE);
    if (i === 0 || bytes[i] !== QUOTE) return 0;
    const end = endOfWord(bytes, i + 1);
    if (end <= i + 2) return 0;
    this.imageBegin = i + 1;
    this.imageEnd = end - 1;
    return end;
  }

  #turns(bytes: Uint8Array, at: number): number {
    const open = this.#skipKey(bytes, at, CONVERSATIONS);
    if (open === 0 || bytes[open] !== OPEN_ARRAY) return 0;
    this.#hasTurns = true;
    let begin = this.#turnStart(bytes, this.#skipSpace(bytes, open + 1));
    while (begin > 0) {
      this.#lastEscape = 0;
      const end = this.#string(bytes, begin);
      if (end === 0) return 0;
      if (this.#human && this.promptEnd === 0) {
        this.promptBegin = begin;
        this.promptEnd = end - 1;
        this.promptEscape = this.#lastEscape;
      }
      begin = this.#skipKnown(bytes, end);
      if (begin > 0) continue;
      const i = this.#turnEnd(bytes, end);
      if (i === 0 || bytes[i] === CLOSE_ARRAY) return i === 0 ? 0 : i + 1;
      const between = this.#human ? this.#afterHuman : this.#afterOther;
      begin = this.#turnStart(bytes, this.#skipSpace(bytes, i + 1));
      if (begin > 0) between.remember(bytes, end, begin, this.#human);
    }
    return 0;
  }

  /** From `{"from": ..., "value": "` to behind that quote. */
  #turnStart(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== OPEN_OBJECT) return 0;
    this.keys += 2;
    const from = this.#skipKey(bytes, this.#skipSpace(bytes, at + 1), FROM);
    if (from === 0) return 0;
    let end = endOfOne(bytes, from, HUMANS);
    this.#human = end > 0;
    if (end === 0) end = endOfOne(bytes, from, OTHERS);
    if (end === 0) return 0;
    const comma = this.#skipSpace(bytes, end);
    if (bytes[comma] !== COMMA) return 0;
    const value = this.#skipKey(bytes, this.#skipSpace(bytes, comma + 1), VALUE);
    return value > 0 && bytes[value] === QUOTE ? value + 1 : 0;
  }

  /** From behind a text to the comma or the bracket behind its turn. */
  #turnEnd(bytes: Uint8Array, at: number): number {
    const close = this.#skipSpace(bytes, at);
    if (bytes[close] !== CLOSE_OBJECT) return 0;
    const i = this.#skipSpace(bytes, close + 1);
    return bytes[i] === COMMA || bytes[i] === CLOSE_ARRAY ? i : 0;
  }

  /** From behind a text to the next one where the same bytes as before stand between them; else 0. */
  #skipKnown(bytes: Uint8Array, at: number): number {
    const between = this.#human ? this.#afterHuman : this.#afterOther;
    const end = between.match(bytes, at);
    if (end === 0) return 0;
    this.keys += 2;
    this.#human = between.leadsToHuman;
    this.#spaceControls += between.controls;
    if (between.lineFeeds > 0) {
      this.lineFeeds += between.lineFeeds;
      this.behindLineFeed = at + between.behindLineFeed;
    }
    return end;
  }

  /** To where the value behind `key` begins; 0 where another key stands at `at`. */
  #skipKey(bytes: Uint8Array, at: number, key: Uint8Array): number {
    if (!standsAt(bytes, at, key)) return 0;
    const i = this.#skipSpace(bytes, at + key.length);
    return bytes[i] === COLON ? this.#skipSpace(bytes, i + 1) : 0;
  }

  #skipSpace(bytes: Uint8Array, from: number): number {
    let i = from;
    while (i < bytes.length) {
      const byte = bytes[i];
      i += 1;
      if (byte === SPACE) continue;
      if (byte === LF) {
        this.lineFeeds += 1;
        this.behindLineFeed = i;
      } else if (byte !== 0x0d && byte !== 0x09) return i - 1;
      this.#spaceControls += 1;
    }
    return i;
  }

  /** To behind the quote that ends the string: the search is native code, which is quicker than a loop of ours. */
  #string(bytes: Uint8Array, from: number): number {
    let end = bytes.indexOf(QUOTE, from);
    if (this.#backslash < from) this.#backslash = next(bytes, BACKSLASH, from);
    while (this.#backslash < end) {
      const at = this.#backslash;
      if (ESCAPED[bytes[at + 1] ?? 0] === 0) return 0;
      this.#lastEscape = at;
      if (at + 1 === end) end = bytes.indexOf(QUOTE, end + 1);
      this.#backslash = next(bytes, BACKSLASH, at + 2);
    }
    if (this.#less < from) this.#less = next(bytes, LESS, from);
    while (this.#less < end) {
      this.lessThans += 1;
      if (standsAt(bytes, this.#less, TAG)) {
        this.tags += 1;
        this.tagAt = this.#less;
      }
      this.#less = next(bytes, LESS, this.#less + 1);
    }
    return end + 1;
  }
}

/** Where `byte` comes next, or beyond all bytes. */
function next(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? Infinity : at;
}
