/** Keys and values of `capacity` positions per layer: [KV, 1, capacity, headDim] each. */
export interface KeyValueRows {
  capacity: number;
  k: readonly Float32Array[];
  v: readonly Float32Array[];
}

/** Sizes of one layer's keys: key/value heads and numbers per head. */
export interface KeyValueShape {
  layers: number;
  kvHeads: number;
  headDim: number;
}

/** A past of no positions. */
export function emptyKeyValues({ layers }: KeyValueShape): KeyValueRows {
  const none = Array.from({ length: layers }, () => new Float32Array(0));
  return { capacity: 0, k: none, v: none };
}

/**
 * Keys and values of a sequence that grows. The arrays have room for more positions than are in use, so that a step
 * writes its own few numbers and copies nothing; what is unused must be masked.
 */
export class KeyValueBuffer implements KeyValueRows {
  readonly #shape: KeyValueShape;
  #capacity: number;
  #length = 0;
  #k: Float32Array[];
  #v: Float32Array[];

  constructor(shape: KeyValueShape, capacity: number) {
    this.#shape = shape;
    this.#capacity = capacity;
    this.#k = this.#allocate(capacity);
    this.#v = this.#allocate(capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Positions in use. */
  get length(): number {
    return this.#length;
  }

  get k(): readonly Float32Array[] {
    return this.#k;
  }

  get v(): readonly Float32Array[] {
    return this.#v;
  }

  /** Appends all positions of `rows`; doubles the room where it does not suffice. */
  append(rows: KeyValueRows): void {
    const needed = this.#length + rows.capacity;
    if (needed > this.#capacity) this.#grow(Math.max(needed, this.#capacity * 2));
    this.#copy(rows.k, rows.capacity, this.#k, this.#capacity, this.#length, rows.capacity);
    this.#copy(rows.v, rows.capacity, this.#v, this.#capacity, this.#length, rows.capacity);
    this.#length = needed;
  }

  #grow(capacity: number): void {
    const [k, v] = [this.#allocate(capacity), this.#allocate(capacity)];
    this.#copy(this.#k, this.#capacity, k, capacity, 0, this.#length);
    this.#copy(this.#v, this.#capacity, v, capacity, 0, this.#length);
    [this.#k, this.#v, this.#capacity] = [k, v, capacity];
  }

  #allocate(capacity: number): Float32Array[] {
    const { layers, kvHeads, headDim } = this.#shape;
    return Array.from({ length: layers }, () => new Float32Array(kvHeads * capacity * headDim));
  }

  /** The first `count` positions of every layer and head of `from`, to position `at` of `to`. */
  #copy(
    from: readonly Float32Array[],
    fromCapacity: number,
    to: readonly Float32Array[],
    toCapacity: number,
    at: number,
    count: number,
  ): void {
    const { kvHeads, headDim } = this.#shape;
    for (const [layer, target] of to.entries()) {
      for (let head = 0; head < kvHeads; head++) {
        const begin = head * fromCapacity * headDim;
        const rows = from[layer]?.subarray(begin, begin + count * headDim);
        if (rows !== undefined) target.set(rows, (head * toCapacity + at) * headDim);
      }
    }
  }
}
