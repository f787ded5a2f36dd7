import { WRITE_BYTES } from '../limits.js';

/** Where bytes go: a file, or a stream. */
export interface ByteTarget {
  write(bytes: Uint8Array): Promise<unknown>;
}

/** Collects small pieces into large writes, and fills one buffer while the other is being written. */
export class ByteWriter {
  readonly #target: ByteTarget;
  #filling = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #spare = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #length = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #size = 0;

  constructor(target: ByteTarget) {
    this.#target = target;
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes two pieces (copied), one behind the other; the promise, if any, must be awaited before the next two. Most calls
   * have nothing to wait for. Throws what an earlier write met.
   */
  add(first: Uint8Array, second: Uint8Array): Promise<void> | undefined {
    const length = first.length + second.length;
    this.#size += length;
    if (this.#length + length > WRITE_BYTES) return this.#addLarge([first, second]);
    this.#filling.set(first, this.#length);
    this.#filling.set(second, this.#length + first.length);
    this.#length += length;
    return undefined;
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    await this.#swap();
    await this.#writing;
  }

  async #addLarge(pieces: readonly Uint8Array[]): Promise<void> {
    await this.#swap();
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + WRITE_BYTES - this.#length);
        this.#filling.set(part, this.#length);
        this.#length += part.length;
        at += part.length;
        if (this.#length === WRITE_BYTES) await this.#swap();
      }
    }
  }

  async #swap(): Promise<void> {
    await this.#writing;
    const full = this.#filling.subarray(0, this.#length);
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#length = 0;
    this.#writing = full.length === 0 ? Promise.resolve() : this.#target.write(full);
    // Its error is thrown where it is awaited next; until then it is not an unhandled one.
    this.#writing.catch(() => undefined);
  }
}
