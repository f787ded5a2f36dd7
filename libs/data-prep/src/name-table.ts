/** Bytes and names that a table has room for at first; powers of two. */
const FIRST_BYTES = 64 * 1024;
const FIRST_SLOTS = 4096;

/** FNV-1a, 32 bits. Source: Fowler, Noll, Vo. */
const HASH_BEGIN = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/**
 * A table from names to two numbers that looks a name up by its bytes, wherever they stand, so that no text is made of a
 * name that is only asked for. Memory: some 35 bytes a name and its bytes. Names are never removed.
 */
export class NameTable {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  #size = 0;
  /** By place: where the name begins, and its hash; the one behind the last says where that ends. */
  #begins = new Float64Array(FIRST_SLOTS);
  #hashes = new Int32Array(FIRST_SLOTS);
  #values = new Float64Array(FIRST_SLOTS);
  #groups = new Int32Array(FIRST_SLOTS);
  /** Places plus one; 0 is free. Twice as many as places. */
  #slots = new Int32Array(2 * FIRST_SLOTS);

  /** Adds a name, given as text, with a number that may change and one that may not, unless it is there. */
  add(name: string, value: number, group: number): void {
    this.#reserve(3 * name.length);
    const end = this.#used + this.#bytes.write(name, this.#used);
    const hash = hashOf(this.#bytes, this.#used, end);
    const slot = this.#slotOf(hash, this.#bytes, this.#used, end);
    if (this.#slots[slot] !== 0) return;
    const place = this.#size;
    this.#size += 1;
    this.#used = end;
    this.#hashes[place] = hash;
    this.#values[place] = value;
    this.#groups[place] = group;
    this.#begins[place + 1] = end;
    this.#slots[slot] = this.#size;
  }

  /** The place of the name whose bytes (UTF-8) are those from `begin` to before `end`, or -1. */
  find(bytes: Uint8Array, begin: number, end: number): number {
    return (this.#slots[this.#slotOf(hashOf(bytes, begin, end), bytes, begin, end)] ?? 0) - 1;
  }

  /** As `find`, of a name given as text. */
  findText(name: string): number {
    this.#reserve(3 * name.length);
    return this.find(this.#bytes, this.#used, this.#used + this.#bytes.write(name, this.#used));
  }

  /** The name at a place. */
  nameAt(place: number): string {
    return this.#bytes.toString('utf8', this.#begins[place], this.#begins[place + 1]);
  }

  /** The number that a place holds. */
  valueAt(place: number): number {
    return this.#values[place] ?? 0;
  }

  /** The number that came with the name at a place. */
  groupAt(place: number): number {
    return this.#groups[place] ?? 0;
  }

  setValue(place: number, value: number): void {
    this.#values[place] = value;
  }

  /** The slot that holds the name, or the free one for it. */
  #slotOf(hash: number, bytes: Uint8Array, begin: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0 || (this.#hashes[place] === hash && this.#isAt(place, bytes, begin, end))) return slot;
    }
  }

  #isAt(place: number, bytes: Uint8Array, begin: number, end: number): boolean {
    const own = this.#bytes;
    const at = this.#begins[place] ?? 0;
    if ((this.#begins[place + 1] ?? 0) - at !== end - begin) return false;
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
    if (this.#size + 1 < this.#hashes.length) return;
    const room = 2 * this.#hashes.length;
    this.#begins = enlarged(this.#begins, new Float64Array(room));
    this.#values = enlarged(this.#values, new Float64Array(room));
    this.#groups = enlarged(this.#groups, new Int32Array(room));
    this.#hashes = enlarged(this.#hashes, new Int32Array(room));
    this.#slots = new Int32Array(2 * room);
    const mask = this.#slots.length - 1;
    for (let place = 0; place < this.#size; place += 1) {
      let slot = (this.#hashes[place] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = place + 1;
    }
  }
}

function hashOf(bytes: Uint8Array, begin: number, end: number): number {
  let hash = HASH_BEGIN;
  for (let i = begin; i < end; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), HASH_PRIME);
  // The lowest bits alone choose the slot.
  return hash ^ (hash >>> 15);
}

function enlarged<Numbers extends Float64Array | Int32Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}
