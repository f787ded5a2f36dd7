import type { BandedPicture, Raster } from '../raster.js';
import type { InputSizes, PixelValues } from '../vision-inputs.js';
import type { SimdEngine } from './engine.js';
import { Layout, memoryOf, whole } from './memory.js';
import type { Memory } from './memory.js';
import { SmallRows } from './small-rows.js';
import { SquareRows } from './square-rows.js';

/** `pixelValuesOf` on vectors, to the bit. */
export function simdPixelValues(engine: SimdEngine, picture: Raster, sizes: InputSizes): PixelValues {
  const values = new SimdPixelValues(engine, picture, sizes);
  values.add(picture);
  return values.result();
}

/**
 * Both inputs of a picture that comes in bands: rows go through all steps one after another, so that all but the picture
 * and the result stays in the processor's cache. Weights of 22 bits are multiplied in two halves of 16. Nothing else may
 * use the engine until the result was taken.
 */
export class SimdPixelValues {
  readonly #square: SquareRows;
  readonly #small: SmallRows;
  readonly #memory: Memory;
  readonly #low: Float32Array;
  #done = 0;

  constructor(
    { kernels, reserve }: SimdEngine,
    picture: Pick<BandedPicture, 'width' | 'height'>,
    { lowresSize, highresSize }: InputSizes,
  ) {
    const layout = new Layout();
    this.#square = new SquareRows(kernels, layout, picture, highresSize);
    this.#small = new SmallRows(kernels, layout, highresSize, lowresSize);
    this.#memory = memoryOf(reserve(layout.bytes));
    this.#square.open(this.#memory);
    this.#small.open(this.#memory);
    this.#low = new Float32Array(3 * lowresSize ** 2);
  }

  /** Takes the next band; all but the last have whole `BAND_ROWS`. */
  add(band: Raster): void {
    this.#square.add(band);
    for (; this.#square.has(this.#done); this.#done++)
      this.#small.add(this.#square.next(this.#done), this.#done, this.#low);
  }

  /** Once all bands were added. */
  result(): PixelValues {
    return { low: this.#low, square: this.#square.result(this.#memory) };
  }
}

/** `normalise` on vectors, to the bit. */
export function simdNormalise({ kernels, reserve }: SimdEngine, picture: Raster): Float32Array {
  const { data, width, height } = picture;
  const layout = new Layout();
  const [pixels, planeBytes] = [layout.add(data.length), whole(4 * width * height)];
  const planes = layout.add(3 * planeBytes);
  const { bytes, floats } = memoryOf(reserve(layout.bytes));
  bytes.set(data, pixels);
  kernels.normalise(pixels, planes, planes + planeBytes, planeBytes);
  const out = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++) {
    const from = (planes + channel * planeBytes) / 4;
    out.set(floats.subarray(from, from + width * height), channel * width * height);
  }
  return out;
}
