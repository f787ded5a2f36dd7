import type { Photograph } from './photograph.js';

/** A picture with what was computed of it. */
interface KeptPicture {
  /** Of all that is kept; may grow as questions are asked. */
  readonly bytes: number;
  /** Frees what no garbage collector sees, once nobody uses it. */
  forget?(): Promise<void>;
}

/** Pictures known by their content, the most recent kept within a bound on their bytes. */
export class PictureCache<Kept extends KeptPicture> {
  readonly #open: (image: Photograph) => Promise<Kept>;
  readonly #cacheBytes: number;
  readonly #pictures = new Map<string, Promise<Kept>>();

  /** @param cacheBytes - of all pictures kept; the newest is kept whatever it takes */
  constructor(cacheBytes: number, open: (image: Photograph) => Promise<Kept>) {
    this.#open = open;
    this.#cacheBytes = cacheBytes;
  }

  /** The picture, encoded where it is not known; the least recent ones go where the bytes do not suffice. */
  async picture(image: Photograph): Promise<Kept> {
    const { sha256 } = image;
    const known = this.#pictures.get(sha256);
    const opened = known ?? this.#open(image);
    this.#pictures.delete(sha256);
    this.#pictures.set(sha256, opened);
    if (known === undefined) opened.catch(() => this.#pictures.delete(sha256));
    const picture = await opened;
    await this.#forgetOldest();
    return picture;
  }

  /** Forgets all of them. */
  async clear(): Promise<void> {
    const all = await Promise.allSettled(this.#pictures.values());
    this.#pictures.clear();
    for (const each of all) if (each.status === 'fulfilled') await each.value.forget?.();
  }

  async #forgetOldest(): Promise<void> {
    const all = await Promise.allSettled(this.#pictures.values());
    let total = all.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value.bytes : 0), 0);
    for (const [sha256, opened] of this.#pictures) {
      if (total <= this.#cacheBytes || this.#pictures.size <= 1) return;
      const oldest = await opened;
      total -= oldest.bytes;
      this.#pictures.delete(sha256);
      await oldest.forget?.();
    }
  }
}
