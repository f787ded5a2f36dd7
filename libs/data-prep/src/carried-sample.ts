import { JsonGrammar } from './json-grammar.js';
import { grammarError, type Position } from './syntax-error.js';

/**
 * The bytes of a sample that began in an earlier chunk. When they become more than `limit` they are let go, and what
 * comes after is only checked, so that a sample of any size costs constant memory.
 */
export class CarriedSample {
  readonly #file: string;
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #grammar: JsonGrammar | undefined;

  constructor(file: string, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  /** Bytes carried so far, those let go included. */
  get length(): number {
    return this.#length;
  }

  /** Takes the bytes (copied) up to the end of a chunk, of the sample that begins at `begin`. */
  add(part: Uint8Array, begin: Position): void {
    this.#length += part.length;
    this.#parts.push(new Uint8Array(part));
    if (this.#length > this.#limit) this.check(begin);
  }

  /** The whole sample, whose last bytes are `rest`; undefined where it is larger than the limit, and valid. */
  finish(rest: Buffer, begin: Position): Buffer | undefined {
    const parts = this.#parts;
    const whole = this.#length + rest.length <= this.#limit;
    if (!whole) {
      parts.push(rest);
      const grammar = this.check(begin);
      if (!grammar.complete) throw grammarError(this.#file, begin, grammar);
    }
    this.#parts = [];
    this.#length = 0;
    this.#grammar = undefined;
    if (!whole) return undefined;
    return parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
  }

  /** Lets go of the bytes; throws `NOT_JSON` where they have gone wrong. */
  check(begin: Position): JsonGrammar {
    this.#grammar ??= new JsonGrammar();
    for (const part of this.#parts) {
      if (!this.#grammar.push(part)) throw grammarError(this.#file, begin, this.#grammar);
    }
    this.#parts = [];
    return this.#grammar;
  }
}
