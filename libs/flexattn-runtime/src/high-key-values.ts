import { attendingLayers } from './geometry.js';
import type { Geometry } from './geometry.js';
import { GRID, regionLayout } from './regions.js';

/** Keys and values of one layer by region: [81, KV, P, headDim] each; zero where a region is not known yet. */
export interface HighRegions {
  k: Float32Array;
  v: Float32Array;
  /** 1 for every region that is known, [81]. */
  known: Uint8Array;
}

/**
 * High-res keys and values of one picture at one place of the sequence. A region enters when a layer first selects it
 * and stays for all further steps, options and questions. The arrays have room for all regions, of which the system
 * provides the pages that are written to.
 */
export class HighKeyValues {
  readonly #layers = new Map<number, HighRegions>();
  readonly #perRegion: number;
  #regions = 0;

  constructor(geometry: Geometry) {
    this.#perRegion = geometry.kvHeads * regionLayout(geometry.hd).perRegion * geometry.headDim;
    const length = GRID ** 2 * this.#perRegion;
    for (const layer of attendingLayers(geometry)) {
      const [k, v] = [new Float32Array(length), new Float32Array(length)];
      this.#layers.set(layer, { k, v, known: new Uint8Array(GRID ** 2) });
    }
  }

  /** By layer above F. */
  get layers(): ReadonlyMap<number, HighRegions> {
    return this.#layers;
  }

  /** Bytes in use. */
  get bytes(): number {
    return 2 * this.#regions * this.#perRegion * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * Keeps what a step projected for one layer.
   *
   * @param regions - in the order in which they stand in `k` and `v`
   * @param k - [n, KV, P, headDim]; `v` alike
   */
  add(layer: number, regions: readonly number[], k: Float32Array, v: Float32Array): void {
    const kept = this.#layers.get(layer);
    if (kept === undefined) throw new RangeError(`layer ${layer} has no high-res keys`);
    for (const [index, region] of regions.entries()) {
      const [from, to] = [index * this.#perRegion, (index + 1) * this.#perRegion];
      kept.k.set(k.subarray(from, to), region * this.#perRegion);
      kept.v.set(v.subarray(from, to), region * this.#perRegion);
      if (kept.known[region] === 0) this.#regions++;
      kept.known[region] = 1;
    }
  }
}
