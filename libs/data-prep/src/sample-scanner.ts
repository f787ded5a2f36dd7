import { isUtf8 } from 'node:buffer';
import { canBeginValue, EXPECTED, nextInArray, type State } from './between-samples.js';
import { CarriedSample } from './carried-sample.js';
import { MAX_SAMPLE_BYTES } from './limits.js';
import { PlainSample, type PlainFacts } from './plain-sample.js';
import { quotedByte, syntaxError, type Position } from './syntax-error.js';
import { ValueScanner, type ValueFacts } from './value-scanner.js';
import { wholeCharacters } from './whole-characters.js';

/** What the bytes of a sample tell without parsing them. */
interface SampleFacts extends ValueFacts {
  byteLength: number;
  /** Line feeds between its tokens. */
  lineFeeds: number;
  /** Where its parts stand, if its bytes alone prove it valid and of the right shape. */
  plain: PlainFacts | undefined;
}

/** One element of the array, or one line. */
export interface ScannedSample extends Position, SampleFacts {
  /** Its place among the samples of the file, from 0. */
  index: number;
  /** Its bytes, maybe a view of the chunk; undefined where it was too large to be kept (then it is valid JSON). */
  bytes: Buffer | undefined;
}

/** Nested brackets of a plain sample: its own, its conversation's, a turn's. */
const PLAIN_DEPTH = 3;

const BOM = [0xef, 0xbb, 0xbf];
const LF = 0x0a;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * Finds where each sample of an annotation file begins and ends: a JSON array, or JSON lines, told apart by the first
 * byte; a byte order mark is skipped. Memory: one sample. What stands between samples is judged here (RFC 8259); what
 * is inside one must still be parsed, except for those too large to be kept.
 */
export class SampleScanner {
  readonly #file: string;
  readonly #limit: number;
  readonly #value = new ValueScanner();
  readonly #plain = new PlainSample();
  readonly #carried: CarriedSample;
  /** For samples that were cut at the end of a chunk: `#plain` holds the next one then. */
  #carriedPlain: PlainSample | undefined;
  #state: State = 'start';
  #isArray = false;
  #bom = 0;
  #count = 0;
  /** Offset of the chunk in the file; line number and where the line begins, up to what was scanned. */
  #base = 0;
  #line = 1;
  #lineStart = 0;
  /** Where the sample that is being scanned begins. */
  #begin: Position = { byteOffset: 0, line: 1, column: 1 };

  /** `file` is named in errors; `limit`: bytes of the largest sample that is kept. */
  constructor(file: string, { limit = MAX_SAMPLE_BYTES }: { limit?: number | undefined } = {}) {
    this.#file = file;
    this.#limit = limit;
    this.#carried = new CarriedSample(file, limit);
  }

  /** The samples that end in a chunk; they may be views of it. Throws `NOT_JSON` or `NOT_SAMPLES`. */
  push(bytes: Uint8Array): ScannedSample[] {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found: ScannedSample[] = [];
    const mayBePlain = isUtf8(wholeCharacters(chunk));
    this.#plain.enter(chunk);
    let i = 0;
    while (i < chunk.length) {
      const isNew = this.#value.ended;
      if (isNew) i = this.#scanBetween(chunk, i);
      if (this.#value.ended) continue;
      const begin = i;
      const end = isNew && mayBePlain && chunk[i] === OPEN_OBJECT ? this.#plain.match(i) : 0;
      if (end > 0 && this.#mayTakePlain(end - begin)) {
        found.push(this.#finishPlain(chunk, begin, end));
        i = end;
        continue;
      }
      i = this.#scanSample(chunk, i);
      const part = chunk.subarray(begin, i);
      if (this.#value.ended) found.push(this.#finish(part));
      else this.#carried.add(part, this.#begin);
    }
    this.#base += chunk.length;
    return found;
  }

  /** The last sample of JSON lines, where nothing follows it. Throws `CUT_SHORT` where the file ends too early. */
  end(): ScannedSample[] {
    if (!this.#value.ended) {
      if (this.#isArray || !this.#value.isScalar) this.#failInside();
      this.#value.ended = true;
      return [this.#finish(Buffer.alloc(0))];
    }
    if (this.#state !== 'end' && this.#state !== 'line' && this.#state !== 'line end') {
      const start = this.#state === 'start' ? 'the file is empty' : 'the file ends early';
      throw this.#error('CUT_SHORT', 0, `${start}: expected ${EXPECTED[this.#state]}`, 'fetch it again');
    }
    return [];
  }

  /** Skips what stands between samples: the index where the next one begins, or the chunk's length. */
  #scanBetween(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i += 1) {
      const byte = chunk[i];
      if (byte === undefined || byte === 0x20 || byte === 0x0d || byte === 0x09) continue;
      if (byte === LF) {
        this.#lineFeed(1, i + 1);
        if (this.#state === 'line end') this.#state = 'line';
      } else if (!this.#separate(byte, i)) {
        this.#begin = this.#at(i);
        this.#value.begin(byte);
        return i;
      }
    }
    return chunk.length;
  }

  /** Whether `byte` is punctuation between samples; throws where it can neither be that nor begin a sample. */
  #separate(byte: number, i: number): boolean {
    const state = this.#state;
    if (state === 'start') return this.#start(byte, i);
    const next = this.#isArray ? nextInArray(state, byte) : undefined;
    if (next !== undefined) {
      this.#state = next;
      return true;
    }
    const mayBegin = state === 'first' || state === 'next' || state === 'line';
    if (!mayBegin || !canBeginValue(byte)) {
      throw this.#error('NOT_JSON', i, `expected ${EXPECTED[state]}, got ${quotedByte(byte)}`);
    }
    return false;
  }

  #start(byte: number, i: number): boolean {
    if (this.#base + i === this.#bom && byte === BOM[this.#bom]) {
      this.#bom += 1;
      return true;
    }
    const isWhole = this.#bom === 0 || this.#bom === BOM.length;
    if (!isWhole || (byte !== OPEN_ARRAY && byte !== OPEN_OBJECT)) {
      const utf16 = byte === 0xfe || byte === 0xff || byte === 0;
      const hint = utf16 ? 'it looks like UTF-16: convert it to UTF-8' : 'is it the annotation file?';
      const code = isWhole && canBeginValue(byte) ? 'NOT_SAMPLES' : 'NOT_JSON';
      throw this.#error(code, i, `expected ${EXPECTED.start}, got ${quotedByte(byte)}`, hint);
    }
    this.#isArray = byte === OPEN_ARRAY;
    this.#state = this.#isArray ? 'first' : 'line';
    return this.#isArray;
  }

  /** What is too large, or broken off by a line feed in JSON lines, is told elsewhere. */
  #mayTakePlain(byteLength: number): boolean {
    return byteLength <= this.#limit && (this.#isArray || this.#plain.lineFeeds === 0);
  }

  #finishPlain(chunk: Buffer, begin: number, end: number): ScannedSample {
    const { lineFeeds, behindLineFeed } = this.#plain;
    const plain = this.#plain.facts(begin);
    this.#value.ended = true;
    if (lineFeeds > 0) this.#lineFeed(lineFeeds, behindLineFeed);
    const { keys } = plain;
    const byteLength = end - begin;
    const facts = { depth: PLAIN_DEPTH, keys, unicodeEscapes: false, byteLength, lineFeeds, plain };
    return this.#next(chunk.subarray(begin, end), facts);
  }

  #scanSample(chunk: Uint8Array, from: number): number {
    const value = this.#value;
    const i = value.scan(chunk, from);
    if (value.lineFeeds > 0) {
      this.#lineFeed(value.lineFeeds, value.behindLineFeed);
      if (!this.#isArray) {
        const what = `sample ${this.#count} is broken off by a line feed: expected one sample a line`;
        throw syntaxError('NOT_JSON', this.#file, this.#begin, what);
      }
    }
    return i;
  }

  #finish(rest: Buffer): ScannedSample {
    const isCarried = this.#carried.length > 0;
    const byteLength = this.#carried.length + rest.length;
    const bytes = this.#carried.finish(rest, this.#begin);
    const { depth, keys, unicodeEscapes } = this.#value;
    const lineFeeds = this.#line - this.#begin.line;
    const plain = bytes === undefined || !isCarried ? undefined : this.#factsOfCarried(bytes);
    return this.#next(bytes, { depth, keys, unicodeEscapes, byteLength, lineFeeds, plain });
  }

  /** A sample that was cut at the end of a chunk may be plain too; one in the midst of a chunk was tried before. */
  #factsOfCarried(bytes: Uint8Array): PlainFacts | undefined {
    if (bytes[0] !== OPEN_OBJECT || !isUtf8(bytes)) return undefined;
    this.#carriedPlain ??= new PlainSample();
    this.#carriedPlain.enter(bytes);
    return this.#carriedPlain.match(0) === bytes.length ? this.#carriedPlain.facts(0) : undefined;
  }

  #next(
    bytes: Buffer | undefined,
    { depth, keys, unicodeEscapes, byteLength, lineFeeds, plain }: SampleFacts,
  ): ScannedSample {
    this.#state = this.#isArray ? 'after' : 'line end';
    const index = this.#count;
    this.#count += 1;
    const { byteOffset, line, column } = this.#begin;
    return {
      index,
      byteOffset,
      line,
      column,
      bytes,
      byteLength,
      depth,
      keys,
      unicodeEscapes,
      lineFeeds,
      plain,
    };
  }

  /** The file ends inside a sample: says so, unless the sample has gone wrong before. */
  #failInside(): never {
    this.#carried.check(this.#begin);
    const { line, column } = this.#begin;
    const what = `the file ends in the middle of sample ${this.#count}, which begins in line ${line}, column ${column}`;
    throw this.#error('CUT_SHORT', 0, what, 'fetch it again');
  }

  #lineFeed(count: number, behind: number): void {
    this.#line += count;
    this.#lineStart = this.#base + behind;
  }

  /** The position of byte `i` of the chunk. */
  #at(i: number): Position {
    const byteOffset = this.#base + i;
    return { byteOffset, line: this.#line, column: byteOffset - this.#lineStart + 1 };
  }

  #error(code: 'NOT_JSON' | 'NOT_SAMPLES' | 'CUT_SHORT', i: number, what: string, hint?: string) {
    return syntaxError(code, this.#file, this.#at(i), what, hint);
  }
}
