/** Keeps what was made for the most recently used keys; what failed is not kept. */
export class RecentCache<Value> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Promise<Value>>();

  /** @param capacity - entries; at least one is kept */
  constructor(capacity: number) {
    this.#capacity = Math.max(1, Math.floor(capacity));
  }

  /** The value of `key`, made by `make` where it is not known; two callers at once share one making. */
  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    const value = known ?? make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (known === undefined) {
      value.catch(() => this.#entries.delete(key));
      const [oldest] = this.#entries.keys();
      if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest);
    }
    return value;
  }
}
