import { resizePadded } from './bicubic.js';
import { normalise } from './raster.js';
import type { BandedPicture, Raster } from './raster.js';
import { createSimdEngine } from './simd/engine.js';
import type { SimdEngine } from './simd/engine.js';
import { simdNormalise, SimdPixelValues, simdPixelValues } from './simd/simd-pixel-values.js';
import { resizeTriangle } from './triangle.js';
import type { InputSizes, PixelValues } from './vision-inputs.js';

/** Made when it is first needed; undefined inside where the machine has none. */
let shared: { engine: SimdEngine | undefined } | undefined;

function sharedEngine(): SimdEngine | undefined {
  shared ??= { engine: createSimdEngine() };
  return shared.engine;
}

/**
 * Pads and resizes a picture (SPEC section 2, steps 1-3): on vectors where this machine's WebAssembly has them, else by
 * `plainPixelValues`, which gives the same bits.
 */
export function pixelValuesOf(picture: Raster, sizes: InputSizes): PixelValues {
  const engine = sharedEngine();
  return engine === undefined ? plainPixelValues(picture, sizes) : simdPixelValues(engine, picture, sizes);
}

/** Engines that no picture is on its way through. */
const idle: SimdEngine[] = [];

/**
 * `pixelValuesOf` of a picture that comes in bands: one is resized while the next is decoded. The same bits.
 *
 * @throws whatever a band's promise rejects with
 */
export async function pixelValuesOfBands(picture: BandedPicture, sizes: InputSizes): Promise<PixelValues> {
  const { width, height, bands } = picture;
  const engine = idle.pop() ?? createSimdEngine();
  if (engine === undefined) return plainPixelValues(joined(width, height, await Promise.all(bands)), sizes);
  try {
    const values = new SimdPixelValues(engine, picture, sizes);
    for (const band of bands) values.add(await band);
    return values.result();
  } finally {
    idle.push(engine);
  }
}

function joined(width: number, height: number, bands: readonly Raster[]): Raster {
  const data = new Uint8Array(3 * width * height);
  let at = 0;
  for (const band of bands) {
    data.set(band.data, at);
    at += band.data.length;
  }
  return { data, width, height };
}

/** `pixelValuesOf` step by step. */
export function plainPixelValues(picture: Raster, { lowresSize, highresSize }: InputSizes): PixelValues {
  const square = resizePadded(picture, highresSize);
  return { low: resizeTriangle(normalise(square), highresSize, lowresSize), square };
}

/**
 * One tile of the high-res input (SPEC section 2, step 4).
 *
 * @param tile - 0 to zoom^2 - 1, row by row
 * @returns [3, lowres, lowres]
 */
export function tileValuesOf(square: Raster, { lowresSize, zoom }: InputSizes, tile: number): Float32Array {
  const data = new Uint8Array(3 * lowresSize ** 2);
  const rowBytes = 3 * lowresSize;
  const [top, left] = [Math.floor(tile / zoom) * lowresSize, (tile % zoom) * lowresSize];
  for (let y = 0; y < lowresSize; y++) {
    const from = 3 * ((top + y) * square.width + left);
    data.set(square.data.subarray(from, from + rowBytes), y * rowBytes);
  }
  const picture = { data, width: lowresSize, height: lowresSize };
  const engine = sharedEngine();
  return engine === undefined ? normalise(picture) : simdNormalise(engine, picture);
}
