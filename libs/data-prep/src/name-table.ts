/** Bytes and names that a table has room for at first; powers of two. */
const FIRST_BYTES = 1024 * 1024;
const FIRST_SLOTS = 32 * 1024;

/** FNV-1a, 32 bits. Source: Fowler, Noll, Vo. */
const HASH_BEGIN = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** What is known of a name, side by side, as a look-up waits for memory most: six words of four bytes. */
const WORDS = 6;
const [HASH, BEGIN, LENGTH, GROUP] = [0, 1, 2, 3];
/** The value takes the last two words. */
const VALUE = 2;

/** The bytes from `begin` to before `end`. */
export interface ByteSpan {
  bytes: Buffer;
  begin: number;
  end: number;
}

/**
 * A table from names to two numbers that looks a name up by its bytes, wherever they stand, so that no text is made of a
 * name that is only asked for. Memory: some 40 bytes a name and its bytes, which may be 4 GB in all. Names are never
 * removed.
 */
export class NameTable {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  #size = 0;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  /** The same memory. */
  #values = new Float64Array(this.#words.buffer);
  /** Places plus one; 0 is free. Twice as many as places. */
  #slots = new Int32Array(2 * FIRST_SLOTS);

  /** Adds a name, given as text, with a number that may change and a whole one that may not, unless it is there. */
  add(name: string, value: number, group: number): void {
    this.#reserve(3 * name.length);
    const end = this.#used + this.#bytes.write(name, this.#used);
    const hash = hashOf(this.#bytes, this.#used, end);
    const slot = this.#slotOf(hash, this.#bytes, this.#used, end);
    if (this.#slots[slot] !== 0) return;
    const at = this.#size * WORDS;
    this.#words[at + HASH] = hash;
    this.#words[at + BEGIN] = this.#used;
    this.#words[at + LENGTH] = end - this.#used;
    this.#words[at + GROUP] = group;
    this.setValue(this.#size, value);
    this.#size += 1;
    this.#used = end;
    this.#slots[slot] = this.#size;
  }

  /**
   * The place of each name that has these bytes (UTF-8), or -1. Each step is taken for all of them before the next one,
   * so that the processor waits for memory once for many names: three times as quick as one name after the other.
   */
  findMany(names: readonly ByteSpan[]): Int32Array {
    const count = names.length;
    const hashes = new Uint32Array(count);
    const places = new Int32Array(count);
    const begins = new Uint32Array(count);
    const fetched = new Uint8Array(count);
    const mask = this.#slots.length - 1;
    for (const [i, { bytes, begin, end }] of names.entries()) hashes[i] = hashOf(bytes, begin, end);
    for (let i = 0; i < count; i += 1) places[i] = this.#slots[(hashes[i] ?? 0) & mask] ?? 0;
    for (let i = 0; i < count; i += 1) begins[i] = this.#words[((places[i] ?? 0) - 1) * WORDS + BEGIN] ?? 0;
    // What is fetched here is not looked at, but near by when the names are compared.
    for (let i = 0; i < count; i += 1) fetched[i] = this.#bytes[begins[i] ?? 0] ?? 0;
    for (const [i, { bytes, begin, end }] of names.entries())
      places[i] = this.#placeOf(hashes[i] ?? 0, bytes, begin, end);
    return places;
  }

  /** The place of a name given as text, or -1. */
  findText(name: string): number {
    this.#reserve(3 * name.length);
    const end = this.#used + this.#bytes.write(name, this.#used);
    return this.#placeOf(hashOf(this.#bytes, this.#used, end), this.#bytes, this.#used, end);
  }

  /** The number that a place holds. */
  valueAt(place: number): number {
    return this.#values[(place * WORDS) / 2 + VALUE] ?? 0;
  }

  /** The number that came with the name at a place. */
  groupAt(place: number): number {
    return this.#words[place * WORDS + GROUP] ?? 0;
  }

  setValue(place: number, value: number): void {
    this.#values[(place * WORDS) / 2 + VALUE] = value;
  }

  #placeOf(hash: number, bytes: Uint8Array, begin: number, end: number): number {
    return (this.#slots[this.#slotOf(hash, bytes, begin, end)] ?? 0) - 1;
  }

  /** The slot that holds the name, or the free one for it. */
  #slotOf(hash: number, bytes: Uint8Array, begin: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0 || (this.#words[place * WORDS + HASH] === hash && this.#isAt(place, bytes, begin, end)))
        return slot;
    }
  }

  #isAt(place: number, bytes: Uint8Array, begin: number, end: number): boolean {
    const own = this.#bytes;
    const at = this.#words[place * WORDS + BEGIN] ?? 0;
    if (this.#words[place * WORDS + LENGTH] !== end - begin) return false;
    // From the end: names of a folder begin alike.
    for (let i = end - begin - 1; i >= 0; i -= 1) if (own[at + i] !== bytes[begin + i]) return false;
    return true;
  }

  /** Makes room for one more name of up to `length` bytes. */
  #reserve(length: number): void {
    if (this.#used + length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * Math.max(this.#bytes.length, length));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    if (2 * this.#size + 2 <= this.#slots.length) return;
    const words = new Uint32Array(2 * this.#words.length);
    words.set(this.#words);
    this.#words = words;
    this.#values = new Float64Array(words.buffer);
    this.#slots = new Int32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let place = 0; place < this.#size; place += 1) {
      let slot = (words[place * WORDS + HASH] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = place + 1;
    }
  }
}

function hashOf(bytes: Uint8Array, begin: number, end: number): number {
  let hash = HASH_BEGIN;
  for (let i = begin; i < end; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), HASH_PRIME);
  // The lowest bits alone choose the slot.
  return (hash ^ (hash >>> 15)) >>> 0;
}
