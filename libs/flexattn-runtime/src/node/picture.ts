import { concat } from '../concat.js';
import { attendingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import { joinTiles, pixelValuesOf } from '../image/pixel-values.js';
import { emptyKeyValues } from '../key-values.js';
import type { KeyValueRows } from '../key-values.js';
import { stepMask } from '../masks.js';
import { enlargeRotaryRows, positionsFrom, rotaryRows } from '../positions.js';
import type { RotaryRows } from '../positions.js';
import { splitAtImage } from '../prompt.js';
import { RecentCache } from '../recent.js';
import { paddingKeepMask } from '../regions.js';
import type { Decoder, PictureContext } from './decoder.js';
import { floatsOf } from './decoder.js';
import type { EncodedImage } from './image.js';
import type { GraphSessions, HostTensor } from './session.js';

/** Features of one picture behind the projector. */
interface PictureFeatures {
  /** Of the picture before padding, pixels. */
  width: number;
  height: number;
  /** [L, hidden]. */
  low: Float32Array;
  /** [N, hidden] in raster order; empty with selection `none`. */
  high: Float32Array;
}

/** Everything up to the end of the image tokens: it depends on the picture and the text before it alone. */
interface Stem {
  keyValues: KeyValueRows;
  picture: PictureContext;
}

/** A prompt whose stem is folded into keys and values; its other rows wait for the first step. */
export interface PreparedPrompt extends Stem {
  /** Embeddings [n - stem, hidden] of the rest, of at least the last prompt token. */
  rest: Float32Array;
  /** Positions of the whole prompt, image tokens included. */
  length: number;
}

/** Pictures kept for further questions: this many, in as many bytes; the newest is kept whatever it takes. */
const CACHE_PICTURES = 16;
const CACHE_BYTES = 2 ** 30;

/**
 * Turns prompts with a picture into what the decoder starts from. Pictures are known by their content: several
 * questions about one encode it once, project its high-res keys and values once and share the stem's. The stem is a
 * step of its own whether it is reused or not, so an answer never depends on what was asked before.
 */
export class PromptPreparer {
  readonly #geometry: Geometry;
  readonly #sessions: GraphSessions;
  readonly #decoder: Decoder;
  readonly #features: RecentCache<PictureFeatures>;
  readonly #stems: RecentCache<Stem>;
  #tables: { begin: number; rows: RotaryRows } | undefined;

  constructor(sessions: GraphSessions, decoder: Decoder) {
    this.#geometry = decoder.geometry;
    this.#sessions = sessions;
    this.#decoder = decoder;
    const { featureBytes, stemBytes } = footprint(decoder.geometry);
    this.#features = new RecentCache(Math.min(CACHE_PICTURES, CACHE_BYTES / featureBytes));
    this.#stems = new RecentCache(Math.min(CACHE_PICTURES, CACHE_BYTES / stemBytes));
  }

  /** @param ids - prompt ids with one -200 */
  async prepare(image: EncodedImage, ids: readonly number[]): Promise<PreparedPrompt> {
    const { before, after } = splitAtImage(ids);
    const features = await this.#features.get(image.sha256, () => this.#encode(image));
    const { hiddenSize } = this.#geometry;
    const low = features.low.length / hiddenSize;
    const length = before.length + low + after.length;
    // The last prompt token is a high-res row, so it is never in the stem; where it is an image token, nothing is.
    const stemLength = after.length === 0 ? 0 : before.length + low;
    const whole = concat(await this.#embed(before), features.low, await this.#embed(after));
    const key = [image.sha256, stemLength, ...before].join(' ');
    const stem = await this.#stems.get(key, () =>
      this.#buildStem(features, before.length, whole.subarray(0, stemLength * hiddenSize)),
    );
    return { ...stem, rest: whole.subarray(stemLength * hiddenSize), length };
  }

  async #embed(ids: readonly number[]): Promise<Float32Array> {
    return ids.length === 0 ? new Float32Array(0) : this.#decoder.embed(ids);
  }

  async #encode(image: EncodedImage): Promise<PictureFeatures> {
    const { lowresSize, hiddenSize, selection, size, zoom } = this.#geometry;
    const raster = await image.raster();
    const pixelValues = pixelValuesOf(raster, this.#geometry, selection === 'attention');
    const dims = [pixelValues.length / (3 * lowresSize ** 2), 3, lowresSize, lowresSize];
    const { features } = await this.#sessions.run('vision', { pixelValues: { dims, data: pixelValues } }, [
      'features',
    ]);
    const all = floatsOf(features);
    const lowLength = size ** 2 * hiddenSize;
    const tiles = all.subarray(lowLength);
    const high = tiles.length === 0 ? tiles : joinTiles(tiles, zoom, size);
    return { width: raster.width, height: raster.height, low: all.slice(0, lowLength), high };
  }

  async #buildStem(features: PictureFeatures, begin: number, embeddings: Float32Array): Promise<Stem> {
    const { size } = this.#geometry;
    const keep = paddingKeepMask(size, features.width, features.height);
    const highKeyValues = await this.#projectHighres(features.high, begin);
    const picture = { begin, keep, highKeyValues };
    return { keyValues: await this.#extendEmpty(embeddings, picture), picture };
  }

  async #extendEmpty(embeddings: Float32Array, picture: PictureContext): Promise<KeyValueRows> {
    const rows = embeddings.length / this.#geometry.hiddenSize;
    const past = emptyKeyValues(this.#geometry);
    if (rows === 0) return past;
    const mask = stepMask(new Array<number>(rows).fill(0), 0, 0);
    const positions = positionsFrom(0, rows);
    return this.#decoder.extend({ embeddings, positions, past, mask, highRows: 0, picture });
  }

  /** High-res keys and values of every layer above F; the keys' rotation depends on where the image stands. */
  async #projectHighres(high: Float32Array, begin: number): Promise<PictureContext['highKeyValues']> {
    const { hiddenSize, headDim, hd } = this.#geometry;
    const layers = attendingLayers(this.#geometry);
    if (layers.length === 0) return new Map();
    const { cos, sin } = this.#highTables(begin);
    const feeds = {
      highFeatures: { dims: [hd ** 2, hiddenSize], data: high },
      highCos: { dims: [hd ** 2, headDim], data: cos },
      highSin: { dims: [hd ** 2, headDim], data: sin },
    };
    const names = layers.flatMap((layer) => [`highK.${layer}`, `highV.${layer}`]);
    const outputs = await this.#sessions.run('highres', feeds, names);
    const result = new Map<number, { k: HostTensor; v: HostTensor }>();
    for (const layer of layers) {
      const [k, v] = [outputs[`highK.${layer}`], outputs[`highV.${layer}`]];
      if (k !== undefined && v !== undefined) result.set(layer, { k, v });
    }
    return result;
  }

  /** Rotary tables of the high-res tokens; prompts of one kind have their image at one place. */
  #highTables(begin: number): RotaryRows {
    if (this.#tables?.begin !== begin) {
      const { headDim, ropeTheta, size, hd } = this.#geometry;
      const low = rotaryRows(positionsFrom(begin, size ** 2), headDim, ropeTheta);
      this.#tables = { begin, rows: enlargeRotaryRows(low, size, hd) };
    }
    return this.#tables.rows;
  }
}

/** Bytes of what the caches keep of one picture. */
function footprint(geometry: Geometry) {
  const { hiddenSize, headDim, kvHeads, layers, size, hd } = geometry;
  const highTokens = geometry.selection === 'none' ? 0 : hd ** 2;
  const perPosition = 2 * kvHeads * headDim;
  const stem = perPosition * (layers * size ** 2 + attendingLayers(geometry).length * highTokens);
  return {
    featureBytes: Float32Array.BYTES_PER_ELEMENT * hiddenSize * (size ** 2 + highTokens),
    stemBytes: Float32Array.BYTES_PER_ELEMENT * stem,
  };
}
