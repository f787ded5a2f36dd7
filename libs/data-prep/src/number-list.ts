/** Numbers in one block. */
const BLOCK = 1 << 20;

/** Numbers at 8 bytes each, appended one by one: growing copies nothing, so 20 million of them take 160 MB, not 480. */
export class NumberList {
  readonly #blocks: Float64Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const at = this.#length % BLOCK;
    if (at === 0) this.#blocks.push(new Float64Array(BLOCK));
    const block = this.#blocks.at(-1);
    if (block !== undefined) block[at] = value;
    this.#length += 1;
  }

  /** The number at place `i`; throws beyond the end. */
  at(i: number): number {
    const value = i < this.#length ? this.#blocks[Math.floor(i / BLOCK)]?.[i % BLOCK] : undefined;
    if (value === undefined) throw new RangeError(`no number at ${i}: the list has ${this.#length}`);
    return value;
  }
}
