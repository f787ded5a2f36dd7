import type { Raster } from './raster.js';

/** Sides of the two inputs, pixels, and their quotient. */
export interface InputSizes {
  lowresSize: number;
  highresSize: number;
  zoom: number;
}

/** One picture as the vision tower sees it. */
export interface PixelValues {
  /** The low-res input, [3, lowres, lowres]. */
  low: Float32Array;
  /** highres x highres pixels, which the tiles are cut out of. */
  square: Raster;
}
