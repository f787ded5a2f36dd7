import type { Geometry } from '../geometry.js';
import { HighKeyValues } from '../high-key-values.js';
import { pixelValuesOf } from '../image/pixel-values.js';
import type { KeyValueRows } from '../key-values.js';
import { enlargeRotaryRows, positionsFrom, rotaryRows } from '../positions.js';
import { GRID, paddingKeepMask, regionLayout } from '../regions.js';
import type { RegionLayout } from '../regions.js';
import { floatsOf } from './decoder.js';
import type { HighContext, PictureContext } from './decoder.js';
import type { Photograph } from './photograph.js';
import type { GraphSessions } from './session.js';

/**
 * One picture as the decoder reads it, and everything computed of it that later steps, options and questions share:
 * features, keys and values of the high-res tokens, and of the prompts' beginnings. Tiles are encoded one by one, each
 * when a region of it is first selected: a tile goes through CLIP alone, so when it does makes no difference.
 */
export class Picture {
  /** [L, hidden]. */
  readonly low: Float32Array;
  readonly #geometry: Geometry;
  readonly #sessions: GraphSessions;
  readonly #keep: Float32Array;
  readonly #layout: RegionLayout;
  /** By region, [81, P, hidden]. */
  readonly #high: Float32Array;
  /** 1 for every region whose tiles are all encoded, [81]. */
  readonly #ready = new Uint8Array(GRID ** 2);
  /** Inputs of the tiles that are not encoded yet, by tile. */
  readonly #tiles: Map<number, Float32Array>;
  /** By the position of the image, on which the keys' rotation depends. */
  readonly #contexts = new Map<number, HighContext>();
  readonly #stems = new Map<string, Promise<KeyValueRows>>();
  #stemBytes = 0;

  private constructor(
    geometry: Geometry,
    sessions: GraphSessions,
    keep: Float32Array,
    low: Float32Array,
    tiles: Map<number, Float32Array>,
  ) {
    this.#geometry = geometry;
    this.#sessions = sessions;
    this.#keep = keep;
    this.low = low;
    this.#tiles = tiles;
    this.#layout = regionLayout(geometry.hd);
    this.#high = new Float32Array(tiles.size === 0 ? 0 : this.#layout.tokens.length * geometry.hiddenSize);
  }

  /** Decodes a picture and encodes its low-res input. */
  static async open(geometry: Geometry, sessions: GraphSessions, image: Photograph): Promise<Picture> {
    const raster = await image.raster();
    const pixelValues = pixelValuesOf(raster, geometry, geometry.selection !== 'none');
    const length = 3 * geometry.lowresSize ** 2;
    const tiles = new Map<number, Float32Array>();
    for (let at = length; at < pixelValues.length; at += length) {
      tiles.set(tiles.size, pixelValues.slice(at, at + length));
    }
    const low = await encode(geometry, sessions, pixelValues.subarray(0, length));
    const keep = paddingKeepMask(geometry.size, raster.width, raster.height);
    return new Picture(geometry, sessions, keep, low, tiles);
  }

  /** Bytes of all that is kept; grows as questions are asked. */
  get bytes(): number {
    const { length: keysLength } = this.#keep;
    const floats =
      this.low.length +
      this.#high.length +
      keysLength +
      [...this.#tiles.values()].reduce((n, t) => n + t.length, 0);
    const contexts = [...this.#contexts.values()].reduce(
      (sum, { cos, sin, keyValues }) => sum + cos.byteLength + sin.byteLength + keyValues.bytes,
      0,
    );
    return floats * Float32Array.BYTES_PER_ELEMENT + contexts + this.#stemBytes;
  }

  /** The picture with its first low-res token at position `begin`. */
  at(begin: number): PictureContext {
    if (this.#geometry.selection === 'none') return { begin, keep: this.#keep };
    const known = this.#contexts.get(begin);
    const high = known ?? this.#highContext(begin);
    this.#contexts.set(begin, high);
    return { begin, keep: this.#keep, high };
  }

  /** Keys and values of a prompt's beginning, made by `make` where they are not known. */
  stem(key: string, make: () => Promise<KeyValueRows>): Promise<KeyValueRows> {
    const known = this.#stems.get(key);
    if (known !== undefined) return known;
    const made = make().then((rows) => {
      this.#stemBytes += [...rows.k, ...rows.v].reduce((sum, { byteLength }) => sum + byteLength, 0);
      return rows;
    });
    this.#stems.set(key, made);
    made.catch(() => this.#stems.delete(key));
    return made;
  }

  #highContext(begin: number): HighContext {
    const { headDim, ropeTheta, size, hd } = this.#geometry;
    const low = rotaryRows(positionsFrom(begin, size ** 2), headDim, ropeTheta);
    const { cos, sin } = enlargeRotaryRows(low, size, hd);
    return {
      features: this.#high,
      ready: this.#ready,
      cos: this.#byRegion(cos),
      sin: this.#byRegion(sin),
      keyValues: new HighKeyValues(this.#geometry),
      ensure: (regions) => this.#encodeTilesOf(regions),
    };
  }

  /** Rows in raster order, [N, channels], to places by region, [81 * P, channels]. */
  #byRegion(rows: Float32Array): Float32Array {
    const { tokens } = this.#layout;
    const channels = rows.length / this.#geometry.hd ** 2;
    const out = new Float32Array(tokens.length * channels);
    for (const [place, token] of tokens.entries()) {
      if (token >= 0) out.set(rows.subarray(token * channels, (token + 1) * channels), place * channels);
    }
    return out;
  }

  /** Encodes the tiles that hold a token of these regions and were not needed before; true where there are none. */
  async #encodeTilesOf(regions: ReadonlySet<number>): Promise<boolean> {
    const wanted = new Set([...regions].flatMap((region) => this.#tilesOf(region)));
    const missing = [...this.#tiles].filter(([tile]) => wanted.has(tile));
    if (missing.length === 0) return true;
    for (const [tile, pixelValues] of missing) {
      this.#addTile(tile, await encode(this.#geometry, this.#sessions, pixelValues));
      this.#tiles.delete(tile);
    }
    for (const region of this.#ready.keys()) {
      this.#ready[region] = this.#tilesOf(region).some((tile) => this.#tiles.has(tile)) ? 0 : 1;
    }
    return false;
  }

  /** Tiles that a region has tokens in. */
  #tilesOf(region: number): number[] {
    const { tokens, perRegion } = this.#layout;
    const own = tokens.subarray(region * perRegion, (region + 1) * perRegion).filter((token) => token >= 0);
    return [...new Set(Array.from(own, (token) => this.#placeInTile(token).tile))];
  }

  /** Puts one tile's features [L, hidden] to their places by region. */
  #addTile(tile: number, features: Float32Array): void {
    const { hiddenSize } = this.#geometry;
    for (const [place, token] of this.#layout.tokens.entries()) {
      if (token < 0) continue;
      const at = this.#placeInTile(token);
      if (at.tile !== tile) continue;
      const from = at.row * hiddenSize;
      this.#high.set(features.subarray(from, from + hiddenSize), place * hiddenSize);
    }
  }

  /** Tile of a high-res token and its row among the tile's L tokens (SPEC section 2, step 5). */
  #placeInTile(token: number): { tile: number; row: number } {
    const { size, hd, zoom } = this.#geometry;
    const [y, x] = [Math.floor(token / hd), token % hd];
    const tile = Math.floor(y / size) * zoom + Math.floor(x / size);
    return { tile, row: (y % size) * size + (x % size) };
  }
}

/** Features [L, hidden] of one input [3, s, s]. */
async function encode(
  { lowresSize }: Geometry,
  sessions: GraphSessions,
  data: Float32Array,
): Promise<Float32Array> {
  const pixelValues = { dims: [1, 3, lowresSize, lowresSize], data };
  const { features } = await sessions.run('vision', { pixelValues }, ['features']);
  return floatsOf(features);
}
