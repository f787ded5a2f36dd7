import { triangleWindows } from '../triangle.js';
import type { TriangleWindow } from '../triangle.js';
import type { SimdKernels } from './engine.js';
import { whole } from './memory.js';
import type { Layout, Memory } from './memory.js';

/** The normalised square as it comes, and the low-res input made of it by the triangle filter. */
export class SmallRows {
  /** Bytes from one channel's plane of a row to the next. */
  readonly #planeBytes: number;
  readonly #kernels: SimdKernels;
  readonly #windows: readonly TriangleWindow[];
  readonly #from: number;
  readonly #taps: number;
  readonly #places;
  #memory: Memory | undefined;
  #written = 0;

  constructor(kernels: SimdKernels, layout: Layout, from: number, to: number) {
    this.#kernels = kernels;
    this.#from = from;
    this.#windows = triangleWindows(from, to);
    this.#taps = Math.max(...this.#windows.map(({ weights }) => weights.length));
    this.#planeBytes = whole(4 * from);
    const rowBytes = 3 * this.#planeBytes;
    this.#places = {
      ring: layout.add(this.#taps * rowBytes),
      rowTable: layout.add(this.#taps * 16),
      sums: layout.add(rowBytes),
      columnTable: layout.add(to * 8 * (1 + this.#taps)),
      row: layout.add(4 * to),
    };
  }

  /** Writes what stays the same for all rows. */
  open(memory: Memory): void {
    const { columnTable, row } = this.#places;
    this.#memory = memory;
    memory.bytes.fill(0, columnTable, row);
    for (const [index, { first, weights }] of this.#windows.entries()) {
      const at = columnTable + index * 8 * (1 + this.#taps);
      // All windows are equally long; none reaches beyond its row, whatever weighs nothing there.
      const begin = Math.min(first, this.#from - this.#taps);
      memory.words[at / 4] = 4 * begin;
      memory.doubles.set(weights, at / 8 + 1 + first - begin);
    }
  }

  /** Takes row `y` of the square, at address `pixels`; writes the rows that it completes to `out` [3, to, to]. */
  add(pixels: number, y: number, out: Float32Array): void {
    const at = this.#rowAt(y);
    this.#kernels.normalise(pixels, at, at + this.#planeBytes, this.#planeBytes);
    const memory = this.#memory;
    if (memory === undefined) throw new Error('not opened');
    const to = this.#windows.length;
    const { rowTable, sums, columnTable, row } = this.#places;
    for (;;) {
      const window = this.#windows[this.#written];
      if (window === undefined || window.first + window.weights.length > y + 1) return;
      for (const [tap, weight] of window.weights.entries()) {
        memory.words[rowTable / 4 + 4 * tap] = this.#rowAt(window.first + tap);
        memory.doubles[rowTable / 8 + 2 * tap + 1] = weight;
      }
      const planeBytes = this.#planeBytes;
      this.#kernels.floatRows(sums, sums + 3 * planeBytes, rowTable, rowTable + 16 * window.weights.length);
      const tableEnd = columnTable + to * 8 * (1 + this.#taps);
      for (let channel = 0; channel < 3; channel++) {
        const source = sums + channel * planeBytes;
        this.#kernels.floatColumns(source, row, columnTable, tableEnd, 8 * this.#taps);
        out.set(memory.floats.subarray(row / 4, row / 4 + to), channel * to ** 2 + this.#written * to);
      }
      this.#written++;
    }
  }

  #rowAt(y: number): number {
    return this.#places.ring + (y % this.#taps) * 3 * this.#planeBytes;
  }
}
