/** The lowest bit of each of four bytes, and the highest. */
const LOW_BITS = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

/** Counts control characters (below 0x20) of a chunk, four bytes at a time. */
export class ControlBytes {
  readonly #bytes: Uint8Array;
  /** The same bytes from the first on whose address is a multiple of four. */
  readonly #head: number;
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#head = Math.min(-bytes.byteOffset & 3, bytes.length);
    const length = (bytes.length - this.#head) >> 2;
    // Fewer bytes than that leave no word, and maybe no place for one to begin.
    this.#words =
      length === 0 ? new Int32Array(0) : new Int32Array(bytes.buffer, bytes.byteOffset + this.#head, length);
  }

  /** How many of the bytes from `begin` to before `end` are control characters. */
  count(begin: number, end: number): number {
    const first = Math.min(Math.max((begin - this.#head + 3) >> 2, 0), this.#words.length);
    const last = Math.max((end - this.#head) >> 2, first);
    const words = this.#words;
    let count = this.#countSingly(begin, Math.min(first * 4 + this.#head, end));
    for (let i = first; i < last; i += 1) {
      const word = words[i] ?? 0;
      // Adding 0x60 to the lower seven bits sets the highest one unless they are below 0x20.
      const others = ((word & ~HIGH_BITS) + 0x60606060) | word;
      count += Math.imul((~others & HIGH_BITS) >>> 7, LOW_BITS) >>> 24;
    }
    return count + this.#countSingly(Math.max(last * 4 + this.#head, begin), end);
  }

  #countSingly(begin: number, end: number): number {
    let count = 0;
    for (let i = begin; i < end; i += 1) if ((this.#bytes[i] ?? 0) < 0x20) count += 1;
    return count;
  }
}
