/** What a stretch of text becomes, and how many of its bytes that covers. */
export interface Replacement {
  bytes: Uint8Array;
  length: number;
}

const [NUL, REACHES] = [0, 0x100];

/**
 * The rules of a `precompiled_charsmap`: the size of a trie in bytes (32 bits), the trie, a double array as Darts-clone
 * lays it out (a unit of 32 bits is a node: leaf mark, label, offset), and the results, each ended by a zero byte.
 */
export class CharacterMap {
  readonly #units: Uint32Array;
  readonly #results: Uint8Array;

  /** @throws Error where the bytes are no such map */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 4 ? Infinity : view.getUint32(0, true);
    if (size % 4 !== 0 || 4 + size > bytes.length) throw new Error('a damaged precompiled_charsmap');
    this.#units = Uint32Array.from({ length: size / 4 }, (_, at) => view.getUint32(4 + 4 * at, true));
    this.#results = bytes.subarray(4 + size);
  }

  /** The rule with the longest stretch that `text` has at `at`. */
  longest(text: Uint8Array, at: number): Replacement | undefined {
    let node = offsetOf(this.#units[0] ?? 0);
    let found: Replacement | undefined;
    for (let length = 1; at + length <= text.length; length++) {
      const byte = text[at + length - 1] ?? NUL;
      node ^= byte;
      const unit = this.#units[node] ?? 0;
      if (labelOf(unit) !== byte) break;
      node ^= offsetOf(unit);
      if ((unit & REACHES) !== 0) found = { bytes: this.#resultAt(this.#units[node] ?? 0), length };
    }
    return found;
  }

  #resultAt(unit: number): Uint8Array {
    const begin = unit & 0x7fffffff;
    return this.#results.subarray(begin, this.#results.indexOf(NUL, begin));
  }
}

function labelOf(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
