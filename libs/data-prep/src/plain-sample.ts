import {
  BYTES_AT,
  FACT,
  FACT_COUNT,
  FACTS_AT,
  MARGIN,
  PAGE_BYTES,
  PLAIN_SAMPLE_CODE,
} from './plain-sample-code.js';
import { assemble } from './wat.js';

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

/** What is used of the global of that name, which Node's types leave out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { exports: object };
};

/** What the code exports. */
interface Exports {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  match(at: number): number;
}

let module: object | undefined;

/**
 * Recognises in one pass the samples that need no parsing: `{id, image?, conversations: [{from, value}, ...]}` with no
 * other and no repeated key, in a turn in this order, of the right types, their strings without control characters and with the usual escapes
 * only. What it recognises is valid JSON of the right shape, provided that it is UTF-8. Anything else must be parsed.
 */
export class PlainSample {
  readonly #exports: Exports;
  #memory: Uint8Array;
  #facts: Int32Array;

  constructor() {
    module ??= new WebAssembly.Module(assemble(PLAIN_SAMPLE_CODE));
    this.#exports = new WebAssembly.Instance(module).exports as Exports;
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
    this.#facts = new Int32Array(this.#exports.memory.buffer, FACTS_AT, FACT_COUNT);
  }

  /** Takes the chunk (copied) in which `match` is to look. */
  enter(chunk: Uint8Array): void {
    const missing = BYTES_AT + chunk.length + MARGIN - this.#memory.length;
    if (missing > 0) {
      const { memory } = this.#exports;
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#memory = new Uint8Array(memory.buffer);
      this.#facts = new Int32Array(memory.buffer, FACTS_AT, FACT_COUNT);
    }
    this.#memory.set(chunk, BYTES_AT);
    this.#memory.fill(0, BYTES_AT + chunk.length, BYTES_AT + chunk.length + MARGIN);
  }

  /** The index behind the sample whose `{` stands at `begin`, or 0 where it is not plain or not all there. */
  match(begin: number): number {
    const end = this.#exports.match(BYTES_AT + begin);
    return end === 0 ? 0 : end - BYTES_AT;
  }

  /** Line feeds between the tokens of the sample that was matched last. */
  get lineFeeds(): number {
    return this.#fact(FACT.lineFeeds);
  }

  /** The index behind the last of these. */
  get behindLineFeed(): number {
    return this.#fact(FACT.behindLineFeed) - BYTES_AT;
  }

  /** The facts of the sample that was matched last, at `begin`. */
  facts(begin: number): PlainFacts {
    const start = BYTES_AT + begin;
    return {
      imageBegin: this.#offset(FACT.imageBegin, start),
      imageEnd: this.#offset(FACT.imageEnd, start),
      promptBegin: this.#offset(FACT.promptBegin, start),
      promptEnd: this.#offset(FACT.promptEnd, start),
      promptEscape: this.#offset(FACT.promptEscape, start),
      keys: this.#fact(FACT.keys),
      tags: this.#fact(FACT.tags),
      tagAt: this.#offset(FACT.tagAt, start),
      lessThans: this.#fact(FACT.lessThans),
    };
  }

  #fact(place: number): number {
    return this.#facts[place] ?? 0;
  }

  /** A place in the memory as an offset from `start`; 0 stays 0. */
  #offset(place: number, start: number): number {
    const at = this.#facts[place] ?? 0;
    return at === 0 ? 0 : at - start;
  }
}
