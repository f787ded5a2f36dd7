import { padTo, padToSquare } from './raster.js';
import type { Raster } from './raster.js';

/** Weights of one output place: `count` inputs from `first` on, whole numbers of 2^-22. */
export interface CubicWindow {
  first: number;
  weights: Int32Array;
}

/** Fixed-point bits of a weight, so that 8 bits of a pixel, the sum's growth and a sign fit in 32. */
export const PRECISION_BITS = 22;
/** Rounds to the nearest whole number when the bits behind the point are cut off. */
const HALF = 1 << (PRECISION_BITS - 1);
/** Half-width of the cubic kernel in input pixels, and its parameter. */
const SUPPORT = 2;
const CUBIC_A = -0.5;

/**
 * Bicubic, antialiased resize exactly as Pillow does it on 8-bit pixels (`libImaging/Resample.c`): columns, then
 * rows, fixed-point weights, 8 bits in between. Written out because libvips (sharp's `cubic` kernel) is not Pillow
 * everywhere: measured on photographs it is within 3 levels of 255 when it shrinks to a quarter or less far, 10
 * (mean 0.9) beyond that, where it averages boxes first, and 70 to 114 when it enlarges. Integers also give the same
 * bytes on every machine.
 */
export function resizeBicubic(picture: Raster, width: number, height: number): Raster {
  const columns = picture.width === width ? picture : resizeColumns(picture, width);
  return columns.height === height ? columns : resizeRows(columns, height);
}

/**
 * `resizeBicubic` of the padded square, to side x side. A wide picture is padded after its columns are resized: rows of
 * one colour stay what they are, so the result is the same, byte for byte, and most of the padding costs nothing.
 */
export function resizePadded(picture: Raster, side: number): Raster {
  const { width, height } = picture;
  if (width <= height) return resizeBicubic(padToSquare(picture), side, side);
  return resizeBicubic(padTo(resizeBicubic(picture, side, height), side, width), side, side);
}

/** `picture` with `to` columns. */
function resizeColumns({ data, width, height }: Raster, to: number): Raster {
  const out = new Uint8ClampedArray(to * height * 3);
  const windows = cubicWindows(width, to);
  for (let y = 0, place = 0; y < height; y++) {
    for (const { first, weights } of windows) {
      let [red, green, blue] = [HALF, HALF, HALF];
      let at = (y * width + first) * 3;
      // Whole 32-bit numbers throughout: `imul` and `| 0` keep the engine from going over to floats.
      for (let tap = 0; tap < weights.length; tap++, at += 3) {
        const weight = weights[tap] ?? 0;
        red = (red + Math.imul(data[at] ?? 0, weight)) | 0;
        green = (green + Math.imul(data[at + 1] ?? 0, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2] ?? 0, weight)) | 0;
      }
      // Writing clamps to 0..255.
      out[place++] = red >> PRECISION_BITS;
      out[place++] = green >> PRECISION_BITS;
      out[place++] = blue >> PRECISION_BITS;
    }
  }
  return { data: new Uint8Array(out.buffer), width: to, height };
}

/** `picture` with `to` rows. */
function resizeRows({ data, width, height }: Raster, to: number): Raster {
  const stride = width * 3;
  const out = new Uint8ClampedArray(stride * to);
  const sums = new Int32Array(stride);
  for (const [y, { first, weights }] of cubicWindows(height, to).entries()) {
    sums.fill(HALF);
    for (const [tap, weight] of weights.entries()) {
      const from = (first + tap) * stride;
      for (let at = 0; at < stride; at++)
        sums[at] = (sums[at] ?? 0) + Math.imul(data[from + at] ?? 0, weight);
    }
    for (let at = 0; at < stride; at++) out[y * stride + at] = (sums[at] ?? 0) >> PRECISION_BITS;
  }
  return { data: new Uint8Array(out.buffer), width, height: to };
}

/**
 * For every output place, the inputs that it is made of. The weights are views of one array: ten thousands of buffers
 * would keep the garbage collector busy.
 */
export function cubicWindows(inputs: number, outputs: number): CubicWindow[] {
  const scale = inputs / outputs;
  const stretch = Math.max(scale, 1);
  const most = 2 * Math.ceil(SUPPORT * stretch) + 1;
  const raw = new Float64Array(most);
  const all = new Int32Array(outputs * most);
  const windows: CubicWindow[] = [];
  // Loops throughout: a large picture has tens of thousands of weights.
  for (let out = 0; out < outputs; out++) {
    const centre = (out + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - SUPPORT * stretch + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + SUPPORT * stretch + 0.5), inputs) - first;
    let total = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = cubicKernel((tap + first - centre + 0.5) / stretch);
      raw[tap] = weight;
      total += weight;
    }
    const weights = all.subarray(out * most, out * most + taps);
    for (let tap = 0; tap < taps; tap++) weights[tap] = fixedPoint((raw[tap] ?? 0) / total);
    windows.push({ first, weights });
  }
  return windows;
}

function cubicKernel(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((CUBIC_A + 2) * x - (CUBIC_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * CUBIC_A;
  return 0;
}

/** Rounded half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** PRECISION_BITS);
}
