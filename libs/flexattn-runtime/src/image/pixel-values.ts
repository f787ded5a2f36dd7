import { resizePadded } from './bicubic.js';
import { normalise } from './raster.js';
import type { Raster } from './raster.js';
import { resizeTriangle } from './triangle.js';

/** Sides of the two inputs, pixels, and their quotient. */
export interface InputSizes {
  lowresSize: number;
  highresSize: number;
  zoom: number;
}

/**
 * The vision tower's inputs for one picture (SPEC section 2, steps 1-4): the low-res input, then, where `tiles` is
 * true, zoom x zoom tiles of the high-res input, row by row.
 *
 * @returns [1 + zoom^2 or 1, 3, lowres, lowres]
 */
export function pixelValuesOf(picture: Raster, sizes: InputSizes, tiles: boolean): Float32Array {
  const { lowresSize, highresSize, zoom } = sizes;
  const square = resizePadded(picture, highresSize);
  const high = normalise(square);
  const low = resizeTriangle(high, highresSize, lowresSize);
  if (!tiles) return low;
  const out = new Float32Array(low.length * (1 + zoom ** 2));
  out.set(low);
  for (let tile = 0; tile < zoom ** 2; tile++) {
    const top = Math.floor(tile / zoom) * lowresSize;
    const left = (tile % zoom) * lowresSize;
    for (let row = 0; row < 3 * lowresSize; row++) {
      const y = Math.floor(row / lowresSize) * highresSize + top + (row % lowresSize);
      const from = y * highresSize + left;
      out.set(high.subarray(from, from + lowresSize), (1 + tile) * low.length + row * lowresSize);
    }
  }
  return out;
}

/**
 * Features of the tiles, put side by side (SPEC section 2, step 5).
 *
 * @param features - [zoom^2 * size^2, width], tile by tile
 * @returns [hd^2, width] in raster order, hd = zoom * size
 */
export function joinTiles(features: Float32Array, zoom: number, size: number): Float32Array {
  const width = features.length / (zoom * size) ** 2;
  const out = new Float32Array(features.length);
  const run = size * width;
  for (let tile = 0; tile < zoom ** 2; tile++) {
    for (let y = 0; y < size; y++) {
      const row = Math.floor(tile / zoom) * size + y;
      const from = (tile * size + y) * run;
      out.set(features.subarray(from, from + run), (row * zoom + (tile % zoom)) * run);
    }
  }
  return out;
}
