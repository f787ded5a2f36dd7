import type { Geometry } from '../geometry.js';
import { pixelValuesOfBands, tileValuesOf } from '../image/pixel-values.js';
import { concat } from '../concat.js';
import { enlargeRotaryRows, positionsFrom, rotaryRows } from '../positions.js';
import { paddingKeepMask } from '../regions.js';
import { tileOrder } from '../tile-order.js';
import type { Photograph } from './photograph.js';
import { DeviceTensor } from './webgpu-session.js';
import type { WebGpuSessions } from './webgpu-session.js';

/** Device tensors by the names under which a run gives or takes them. */
export type DeviceTensors = Readonly<Record<string, DeviceTensor>>;

/**
 * One picture on the device, and what further questions about it share: features, keys and values of all high-res
 * tokens by the picture's place in the sequence, and of the prompts' beginnings.
 */
export class WebGpuPicture {
  /** [L, hidden]. */
  readonly low: DeviceTensor;
  /** Low-res tokens that may be selected for, [L] of 0 and 1. */
  readonly keep: Float32Array;
  readonly #geometry: Geometry;
  readonly #sessions: WebGpuSessions;
  /** All high-res tokens' [N, hidden], tile by tile; absent with selection `none`. */
  readonly #features: DeviceTensor | undefined;
  readonly #kept = new Map<string, Promise<DeviceTensors>>();
  #bytes: number;
  #users = 0;
  #isForgotten = false;

  private constructor(
    geometry: Geometry,
    sessions: WebGpuSessions,
    keep: Float32Array,
    [low, features]: readonly [DeviceTensor, DeviceTensor?],
  ) {
    this.#geometry = geometry;
    this.#sessions = sessions;
    this.keep = keep;
    this.low = low;
    this.#features = features;
    this.#bytes = low.bytes + (features?.bytes ?? 0);
  }

  /** Decodes a picture and encodes its low-res input and, for a model that selects, all tiles at once. */
  static async open(geometry: Geometry, sessions: WebGpuSessions, image: Photograph): Promise<WebGpuPicture> {
    const { size, zoom, selection } = geometry;
    const picture = await image.bands();
    const { low, square } = await pixelValuesOfBands(picture, geometry);
    const features = await encode(geometry, sessions, low);
    const keep = paddingKeepMask(size, picture.width, picture.height);
    if (selection === 'none') return new WebGpuPicture(geometry, sessions, keep, [features]);
    const tiles = Array.from({ length: zoom ** 2 }, (_, tile) => tileValuesOf(square, geometry, tile));
    const high = await encode(geometry, sessions, concat(...tiles));
    return new WebGpuPicture(geometry, sessions, keep, [features, high]);
  }

  /** Bytes on the device; grows as questions are asked. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keys and values of all high-res tokens where the picture's first low-res token is at position `begin`. */
  high(begin: number): Promise<DeviceTensors> {
    const features = this.#features;
    if (features === undefined) return Promise.resolve({});
    return this.#keep(`high ${begin}`, async () => {
      const { headDim, ropeTheta, size, zoom, hd } = this.#geometry;
      const low = rotaryRows(positionsFrom(begin, size ** 2), headDim, ropeTheta);
      const tables = enlargeRotaryRows(low, size, hd);
      const { tokens } = tileOrder(size, zoom);
      const inOrder = (table: Float32Array) => ({
        dims: [1, hd ** 2, headDim / 2],
        data: rowsOf(table, tokens, headDim / 2),
      });
      const feeds = { features, cos: inOrder(tables.cos), sin: inOrder(tables.sin) };
      return (await this.#sessions.run('high', feeds)).device;
    });
  }

  /** Keys and values of a prompt's beginning, made by `make` where they are not known. */
  stem(ids: readonly number[], make: () => Promise<DeviceTensors>): Promise<DeviceTensors> {
    return this.#keep(`stem ${ids.join(' ')}`, make);
  }

  /** Keeps the device's memory until `release`, even if the picture is forgotten meanwhile. */
  use(): void {
    this.#users++;
  }

  async release(): Promise<void> {
    this.#users--;
    await this.#freeUnused();
  }

  /** Frees the device's memory once nobody uses it. */
  async forget(): Promise<void> {
    this.#isForgotten = true;
    await this.#freeUnused();
  }

  async #freeUnused(): Promise<void> {
    if (!this.#isForgotten || this.#users > 0) return;
    const kept = await Promise.allSettled(this.#kept.values());
    this.#kept.clear();
    for (const each of kept) if (each.status === 'fulfilled') freeAll(each.value);
    this.low.free();
    this.#features?.free();
  }

  #keep(key: string, make: () => Promise<DeviceTensors>): Promise<DeviceTensors> {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = make().then((tensors) => {
      this.#bytes += Object.values(tensors).reduce((sum, { bytes }) => sum + bytes, 0);
      return tensors;
    });
    this.#kept.set(key, made);
    made.catch(() => this.#kept.delete(key));
    return made;
  }
}

/** Frees every one of them. */
export function freeAll(tensors: DeviceTensors): void {
  for (const tensor of Object.values(tensors)) tensor.free();
}

/** Features [B * L, hidden] of B inputs [3, s, s], which stay on the device. */
async function encode(
  { lowresSize }: Geometry,
  sessions: WebGpuSessions,
  data: Float32Array,
): Promise<DeviceTensor> {
  const dims = [data.length / (3 * lowresSize ** 2), 3, lowresSize, lowresSize];
  const { device } = await sessions.run('plainVision', { pixelValues: { dims, data } });
  const { features } = device;
  if (features === undefined) throw new Error('expected features on the device');
  return features;
}

/** Rows of `width` numbers in another order. */
function rowsOf(table: Float32Array, order: Int32Array, width: number): Float32Array {
  const out = new Float32Array(order.length * width);
  for (const [place, row] of order.entries()) {
    out.set(table.subarray(row * width, (row + 1) * width), place * width);
  }
  return out;
}
