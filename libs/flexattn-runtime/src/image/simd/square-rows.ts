import { cubicWindows } from '../bicubic.js';
import type { CubicWindow } from '../bicubic.js';
import { PADDING_COLOUR } from '../raster.js';
import type { BandedPicture, Raster } from '../raster.js';
import { LOW_BITS, PAIR_BYTES, ROWS_AT_ONCE, TAPS_AT_ONCE } from './bicubic-kernels.js';
import type { SimdKernels } from './engine.js';
import { whole } from './memory.js';
import type { Layout, Memory } from './memory.js';

/** Rows of the padded square, resized to `side` x `side` by Pillow's bicubic. */
export class SquareRows {
  readonly #kernels: SimdKernels;
  readonly #width: number;
  readonly #height: number;
  readonly #left: number;
  readonly #top: number;
  readonly #windows: readonly CubicWindow[];
  readonly #groupBytes: number;
  readonly #stripStride: number;
  readonly #stride: number;
  readonly #slots: number;
  readonly #places;
  #memory: Memory | undefined;
  /** The rows that were added last, and how many were added before them. */
  #band: Raster = { data: new Uint8Array(0), width: 0, height: 0 };
  #bandFrom = 0;
  /** Rows of the picture whose columns are resized; the last `#slots` of them are there. */
  #loaded = 0;

  constructor(
    kernels: SimdKernels,
    layout: Layout,
    { width, height }: Pick<BandedPicture, 'width' | 'height'>,
    side: number,
  ) {
    const from = Math.max(width, height);
    this.#kernels = kernels;
    this.#width = width;
    this.#height = height;
    this.#left = Math.floor((from - width) / 2);
    this.#top = Math.floor((from - height) / 2);
    this.#windows = cubicWindows(from, side);
    const taps = Math.max(...this.#windows.map(({ weights }) => weights.length));
    this.#groupBytes = Math.ceil(taps / TAPS_AT_ONCE) * 2 * PAIR_BYTES;
    this.#stripStride = 3 * from;
    this.#stride = whole(3 * side + 4);
    this.#slots = Math.ceil(taps / ROWS_AT_ONCE + 1) * ROWS_AT_ONCE;
    this.#places = {
      columnTable: layout.add(side * (4 + this.#groupBytes)),
      strip: layout.add(ROWS_AT_ONCE * this.#stripStride),
      ring: layout.add(this.#slots * this.#stride),
      padding: layout.add(this.#stride),
      rowTable: layout.add(Math.ceil(taps / 2) * 8),
      square: layout.add(3 * side ** 2),
    };
  }

  /** Writes what stays the same for all rows. */
  open(memory: Memory): void {
    const { columnTable, strip, padding } = this.#places;
    this.#memory = memory;
    memory.bytes.fill(0, columnTable, strip);
    for (const [index, { first, weights }] of this.#windows.entries()) {
      const at = (columnTable + index * (4 + this.#groupBytes)) / 4;
      memory.words[at] = 3 * first;
      for (let tap = 0; tap < weights.length; tap += 2) writePair(memory.words, at + 1 + tap, weights, tap);
    }
    for (let at = 0; at < this.#stride; at++) memory.bytes[padding + at] = PADDING_COLOUR[at % 3] ?? 0;
    for (let at = 0; at < ROWS_AT_ONCE * this.#stripStride; at++)
      memory.bytes[strip + at] = PADDING_COLOUR[(at % this.#stripStride) % 3] ?? 0;
  }

  /** Takes the next rows of the picture, when every row that those before suffice for was asked for. */
  add(band: Raster): void {
    const from = this.#bandFrom + this.#band.height;
    if (from % ROWS_AT_ONCE !== 0) throw new Error(`a band from row ${from} on`);
    // What the next rows of the result reach back to; the ring holds it.
    while (this.#loaded < from) this.#loadRows();
    this.#bandFrom = from;
    this.#band = band;
  }

  /** Whether row `y` can be made of the rows that were added. */
  has(y: number): boolean {
    const window = this.#windows[y];
    return window !== undefined && this.#rowsFor(window) <= this.#bandFrom + this.#band.height;
  }

  /** Address of row `y`, three bytes a pixel; rows are asked for from the first to the last. */
  next(y: number): number {
    const window = this.#windows[y];
    const memory = this.#opened;
    if (window === undefined) throw new Error(`no row ${y}`);
    const { first, weights } = window;
    const needed = this.#rowsFor(window);
    while (this.#loaded < needed) this.#loadRows();
    const { columnTable, rowTable, square } = this.#places;
    const row = square + y * 3 * this.#windows.length;
    const taps = 2 * Math.ceil(weights.length / 2);
    // Behind an odd number of rows comes one that weighs nothing.
    for (let tap = 0; tap < taps; tap++) memory.words[rowTable / 4 + tap] = this.#placeOf(first + tap);
    // The picture is a square: a row's weights are those of the column at the same place.
    const own = columnTable + y * (4 + this.#groupBytes) + 4;
    // Its last vector reaches into the next row, which is written later.
    this.#kernels.rows(row, row + 3 * this.#windows.length, rowTable, rowTable + 4 * taps, own);
    return row;
  }

  /** All rows, once they have been asked for. */
  result({ bytes }: Memory): Raster {
    const side = this.#windows.length;
    const { square } = this.#places;
    return { data: bytes.slice(square, square + 3 * side ** 2), width: side, height: side };
  }

  get #opened(): Memory {
    if (this.#memory === undefined) throw new Error('not opened');
    return this.#memory;
  }

  /** Rows of the picture that a row of the result needs, from the first. */
  #rowsFor({ first, weights }: CubicWindow): number {
    return Math.min(first + weights.length - this.#top, this.#height);
  }

  /** Address of a row of the square whose columns are resized. */
  #placeOf(squareRow: number): number {
    const row = squareRow - this.#top;
    const { ring, padding } = this.#places;
    const isPadding = row < 0 || row >= this.#height;
    return isPadding ? padding : ring + (row % this.#slots) * this.#stride;
  }

  #loadRows(): void {
    const { bytes } = this.#opened;
    const { data } = this.#band;
    const { columnTable, strip, ring } = this.#places;
    const rowBytes = 3 * this.#width;
    const count = Math.min(ROWS_AT_ONCE, this.#height - this.#loaded);
    const from = (this.#loaded - this.#bandFrom) * rowBytes;
    if (rowBytes === this.#stripStride) {
      bytes.set(data.subarray(from, from + count * rowBytes), strip);
    } else {
      for (let row = 0; row < count; row++) {
        const begin = from + row * rowBytes;
        const at = strip + row * this.#stripStride + 3 * this.#left;
        bytes.set(data.subarray(begin, begin + rowBytes), at);
      }
    }
    this.#kernels.columns(
      strip,
      this.#stripStride,
      ring + (this.#loaded % this.#slots) * this.#stride,
      this.#stride,
      columnTable,
      columnTable + this.#windows.length * (4 + this.#groupBytes),
      this.#groupBytes,
    );
    this.#loaded += ROWS_AT_ONCE;
  }
}

/** Two weights as the kernels read them: the lower halves beside each other, then the upper ones. */
function writePair(words: Int32Array, at: number, weights: Int32Array, tap: number): void {
  const [one, other] = [weights[tap] ?? 0, weights[tap + 1] ?? 0];
  words[at] = (lowHalf(one) & 0xffff) | (lowHalf(other) << 16);
  words[at + 1] = (highHalf(one) & 0xffff) | (highHalf(other) << 16);
}

const lowHalf = (weight: number) => (weight << (32 - LOW_BITS)) >> (32 - LOW_BITS);
const highHalf = (weight: number) => (weight - lowHalf(weight)) >> LOW_BITS;
