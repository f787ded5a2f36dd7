import type { Geometry } from '../geometry.js';
import { HighKeyValues } from '../high-key-values.js';
import { pixelValuesOfBands, tileValuesOf } from '../image/pixel-values.js';
import type { Raster } from '../image/raster.js';
import type { KeyValueRows } from '../key-values.js';
import { enlargeRotaryRows, positionsFrom, rotaryRows } from '../positions.js';
import type { RotaryRows } from '../positions.js';
import { GRID, paddingKeepMask, regionLayout } from '../regions.js';
import type { RegionLayout } from '../regions.js';
import { floatsOf } from './decoder.js';
import type { HighContext, PictureContext } from './decoder.js';
import type { Photograph } from './photograph.js';
import type { GraphSessions } from './session.js';

/** All of a picture at one place of the sequence, for graphs that take the high-res tokens as a whole. */
export interface WholePicture extends Pick<PictureContext, 'begin' | 'keep'> {
  /** [L, hidden]. */
  low: Float32Array;
  /** Every region's tokens, [81, P, hidden]; empty with selection `none`. */
  features: Float32Array;
  /** Rotary tables by region, [81, P, headDim / 2]. */
  tables: RotaryRows;
}

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
  /** What tiles are cut out of. */
  readonly #square: Raster;
  /** Tiles that are not encoded yet. */
  readonly #tiles: Set<number>;
  /** By the position of the image, on which the keys' rotation depends. */
  readonly #contexts = new Map<number, HighContext>();
  readonly #tables = new Map<number, RotaryRows>();
  readonly #stems = new Map<string, Promise<KeyValueRows>>();
  #stemBytes = 0;

  private constructor(
    geometry: Geometry,
    sessions: GraphSessions,
    keep: Float32Array,
    low: Float32Array,
    square: Raster,
  ) {
    this.#geometry = geometry;
    this.#sessions = sessions;
    this.#keep = keep;
    this.low = low;
    this.#square = square;
    const isSelecting = geometry.selection !== 'none';
    this.#tiles = new Set(isSelecting ? Array.from({ length: geometry.zoom ** 2 }, (_, tile) => tile) : []);
    this.#layout = regionLayout(geometry.hd);
    this.#high = new Float32Array(isSelecting ? this.#layout.tokens.length * geometry.hiddenSize : 0);
  }

  /** Decodes a picture and encodes its low-res input. */
  static async open(geometry: Geometry, sessions: GraphSessions, image: Photograph): Promise<Picture> {
    const picture = await image.bands();
    const { low: lowValues, square } = await pixelValuesOfBands(picture, geometry);
    const low = await encode(geometry, sessions, lowValues);
    const keep = paddingKeepMask(geometry.size, picture.width, picture.height);
    return new Picture(geometry, sessions, keep, low, square);
  }

  /** Bytes of all that is kept; grows as questions are asked. */
  get bytes(): number {
    const { length: keysLength } = this.#keep;
    const floats = this.low.length + this.#high.length + keysLength;
    const tables = [...this.#tables.values()].reduce(
      (sum, { cos, sin }) => sum + cos.byteLength + sin.byteLength,
      0,
    );
    const kept = [...this.#contexts.values()].reduce((sum, { keyValues }) => sum + keyValues.bytes, 0);
    const pixels = this.#square.data.length;
    return floats * Float32Array.BYTES_PER_ELEMENT + pixels + tables + kept + this.#stemBytes;
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

  /** Encodes every tile that is not encoded yet. */
  async encodeAll(): Promise<void> {
    await this.#encodeTilesOf(new Set(Array(GRID ** 2).keys()));
  }

  /** The picture with its first low-res token at position `begin` and every tile encoded. */
  async whole(begin: number): Promise<WholePicture> {
    await this.encodeAll();
    return { begin, keep: this.#keep, low: this.low, features: this.#high, tables: this.#tablesAt(begin) };
  }

  #highContext(begin: number): HighContext {
    return {
      features: this.#high,
      ready: this.#ready,
      ...this.#tablesAt(begin),
      keyValues: new HighKeyValues(this.#geometry),
      ensure: (regions) => this.#encodeTilesOf(regions),
    };
  }

  /** The high-res tokens' rotary tables by region, which depend on the position of the image. */
  #tablesAt(begin: number): RotaryRows {
    const known = this.#tables.get(begin);
    if (known !== undefined) return known;
    const { headDim, ropeTheta, size, hd } = this.#geometry;
    const low = rotaryRows(positionsFrom(begin, size ** 2), headDim, ropeTheta);
    const { cos, sin } = enlargeRotaryRows(low, size, hd);
    const tables = { cos: this.#byRegion(cos), sin: this.#byRegion(sin) };
    this.#tables.set(begin, tables);
    return tables;
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
    const missing = [...this.#tiles].filter((tile) => wanted.has(tile));
    if (missing.length === 0) return true;
    for (const tile of missing) {
      const pixelValues = tileValuesOf(this.#square, this.#geometry, tile);
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
