import type { InputSizes, PixelValues } from '../pixel-values.js';
import type { Raster } from '../raster.js';
import type { SimdEngine } from './engine.js';
import { Layout, memoryOf, whole } from './memory.js';
import { SmallRows } from './small-rows.js';
import { SquareRows } from './square-rows.js';

/**
 * `pixelValuesOf` on vectors, to the bit: rows of the picture go through all steps one after another, so that all but
 * the picture and the result stays in the processor's cache. Weights of 22 bits are multiplied in two halves of 16.
 */
export function simdPixelValues(
  { kernels, reserve }: SimdEngine,
  picture: Raster,
  { lowresSize, highresSize }: InputSizes,
): PixelValues {
  const layout = new Layout();
  const square = new SquareRows(kernels, layout, picture, highresSize);
  const small = new SmallRows(kernels, layout, highresSize, lowresSize);
  const memory = memoryOf(reserve(layout.bytes));
  square.open(memory);
  small.open(memory);
  const low = new Float32Array(3 * lowresSize ** 2);
  for (let y = 0; y < highresSize; y++) small.add(square.next(y), y, low);
  return { low, square: square.result(memory) };
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
