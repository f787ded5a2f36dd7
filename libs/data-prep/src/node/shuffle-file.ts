import { closeSync, openSync, readSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toIoError } from '@flexattn/stage';
import { SHUFFLE_BYTES } from '../limits.js';
import { NumberList } from '../number-list.js';
import { ByteWriter } from './byte-writer.js';

const writeFile = promisify(write);
const NOTHING = Buffer.alloc(0);

/**
 * Samples on the disk, to be read in another order. The file has no name any more once it is open, so nothing of it
 * outlives the process. Memory: 8 bytes a sample.
 */
export class ShuffleFile {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes: ByteWriter;
  readonly #ends = new NumberList();

  /** Makes the file in `folder`, which must be there. */
  constructor(folder: string) {
    this.#path = join(folder, `.shuffle-${process.pid}.partial`);
    this.#file = this.#orError(() => {
      const file = openSync(this.#path, 'wx+');
      rmSync(this.#path);
      return file;
    });
    this.#bytes = new ByteWriter({ write: (bytes) => this.#write(bytes) });
  }

  /** Adds a sample; the promise, if any, is awaited before the next one. */
  add(sample: Uint8Array): Promise<void> | undefined {
    const waiting = this.#bytes.add(sample, NOTHING);
    this.#ends.push(this.#bytes.size);
    return waiting;
  }

  /** The samples at the places that `order` lists, in that order; many are read at a time, as they lie on the disk. */
  async *inOrder(order: Uint32Array): AsyncGenerator<Uint8Array> {
    await this.#bytes.flush();
    for (let from = 0; from < order.length;) {
      let to = from;
      for (let size = 0; to < order.length && (to === from || size < SHUFFLE_BYTES); to += 1) {
        size += this.#lengthOf(order[to] ?? 0);
      }
      yield* this.#read(order.subarray(from, to));
      from = to;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(places: Uint32Array): Uint8Array[] {
    const samples = new Map<number, Uint8Array>();
    for (const place of places.toSorted()) samples.set(place, this.#readOne(place));
    return [...places].map((place) => samples.get(place) ?? new Uint8Array(0));
  }

  #readOne(place: number): Uint8Array {
    const sample = Buffer.allocUnsafe(this.#lengthOf(place));
    let done = 0;
    while (done < sample.length) {
      const position = this.#begin(place) + done;
      const read = this.#orError(() => readSync(this.#file, sample, done, sample.length - done, position));
      if (read === 0) throw new RangeError(`${this.#path} ends before sample ${place} does`);
      done += read;
    }
    return sample;
  }

  #begin(place: number): number {
    return place === 0 ? 0 : this.#ends.at(place - 1);
  }

  #lengthOf(place: number): number {
    return this.#ends.at(place) - this.#begin(place);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await writeFile(this.#file, bytes, at, bytes.length - at, null);
        at += bytesWritten;
      }
    } catch (cause) {
      throw toIoError(cause, this.#path);
    }
  }

  #orError<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw toIoError(cause, this.#path);
    }
  }
}
