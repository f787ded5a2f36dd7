/** Slots at first; a power of two. */
const FIRST_SLOTS = 1024;

/** Slots in use of every four before the table doubles. */
const MOST_OF_FOUR = 3;

const WORDS = 4;

/**
 * A set of 16-byte hashes that takes 16 bytes a slot: 20 million of them take 540 MB, 810 MB while it grows the last
 * time. An entry of zeros marks a free slot, so a hash of zeros counts as one that ends in 1.
 */
export class HashSet {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #size = 0;

  /** Adds the first 16 bytes of `hash`: whether they were not there before. */
  add(hash: Uint8Array): boolean {
    const view = new DataView(hash.buffer, hash.byteOffset, WORDS * 4);
    const entry = new Uint32Array(WORDS);
    for (let i = 0; i < WORDS; i += 1) entry[i] = view.getUint32(4 * i, true);
    if (entry.every((word) => word === 0)) entry[WORDS - 1] = 1;
    if (4 * this.#size >= MOST_OF_FOUR * this.#slots) this.#grow();
    const isNew = insert(this.#words, this.#slots, entry);
    if (isNew) this.#size += 1;
    return isNew;
  }

  #grow(): void {
    const slots = 2 * this.#slots;
    const words = new Uint32Array(slots * WORDS);
    for (let at = 0; at < this.#words.length; at += WORDS) {
      const entry = this.#words.subarray(at, at + WORDS);
      if (isUsed(this.#words, at)) insert(words, slots, entry);
    }
    this.#slots = slots;
    this.#words = words;
  }
}

/** Looks from the slot that the first word names onwards, as hashes are spread evenly. */
function insert(words: Uint32Array, slots: number, entry: Uint32Array): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = entry;
  for (let slot = a & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * WORDS;
    if (!isUsed(words, at)) {
      words.set(entry, at);
      return true;
    }
    if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return false;
  }
}

function isUsed(words: Uint32Array, at: number): boolean {
  return ((words[at] ?? 0) | (words[at + 1] ?? 0) | (words[at + 2] ?? 0) | (words[at + 3] ?? 0)) !== 0;
}
