/** A choice of `size` items of a stream of unknown length: the same for the same seed, whatever the chunks. */
export class SeededPicks<Item> {
  readonly #seed: number;
  readonly #size: number;
  #picks: { rank: number; index: number; item: Item }[] = [];

  /** `seed`: a whole number below 2^32; `size`: items that are kept. */
  constructor(seed: number, size: number) {
    this.#seed = seed;
    this.#size = size;
  }

  /** Offers the item with this index, which is made only where it is chosen, for the time being. */
  offer(index: number, make: () => Item): void {
    const rank = rankOf(this.#seed, index);
    const last = this.#picks.at(-1);
    const isFull = this.#picks.length >= this.#size;
    if (isFull && (last === undefined || rank >= last.rank)) return;
    if (isFull) this.#picks.pop();
    const place = this.#picks.findIndex((pick) => pick.rank > rank);
    this.#picks.splice(place === -1 ? this.#picks.length : place, 0, { rank, index, item: make() });
  }

  /** The chosen items, in the order of their indices. */
  chosen(): Item[] {
    return this.#picks.toSorted((a, b) => a.index - b.index).map(({ item }) => item);
  }
}

/** A number that looks random, 32 bits: two rounds of the finaliser of MurmurHash3. */
function rankOf(seed: number, index: number): number {
  return mixed(mixed(seed) ^ index);
}

function mixed(value: number): number {
  let bits = (value + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
