import { concat } from '../concat.js';
import type { Geometry } from '../geometry.js';
import { emptyKeyValues } from '../key-values.js';
import type { KeyValueRows } from '../key-values.js';
import { positionsFrom } from '../positions.js';
import { splitAtImage } from '../prompt.js';
import type { Decoder, PictureContext } from './decoder.js';
import type { Photograph } from './photograph.js';
import type { PictureCache } from './picture-cache.js';
import type { Picture } from './picture.js';

/** A prompt whose stem is folded into keys and values; its other rows wait for the first step. */
export interface PreparedPrompt {
  keyValues: KeyValueRows;
  picture: PictureContext;
  /** Embeddings [n - stem, hidden] of the rest, of at least the last prompt token. */
  rest: Float32Array;
  /** Positions of the whole prompt, image tokens included. */
  length: number;
}

/**
 * Turns prompts with a picture into what the decoder starts from. The stem (everything up to the end of the image tokens) is a step
 * of its own whether it is reused or not, so an answer never depends on what was asked before.
 */
export class PromptPreparer {
  readonly #geometry: Geometry;
  readonly #decoder: Decoder;
  readonly #pictures: PictureCache<Picture>;

  constructor(pictures: PictureCache<Picture>, decoder: Decoder) {
    this.#geometry = decoder.geometry;
    this.#pictures = pictures;
    this.#decoder = decoder;
  }

  /** @param ids - prompt ids with one -200 */
  async prepare(image: Photograph, ids: readonly number[]): Promise<PreparedPrompt> {
    const { before, after } = splitAtImage(ids);
    const picture = await this.#pictures.picture(image);
    const { hiddenSize } = this.#geometry;
    const low = picture.low.length / hiddenSize;
    const length = before.length + low + after.length;
    // The last prompt token is a high-res row, so it is never in the stem; where it is an image token, nothing is.
    const stemLength = after.length === 0 ? 0 : before.length + low;
    const whole = concat(await this.#embed(before), picture.low, await this.#embed(after));
    const context = picture.at(before.length);
    const key = [stemLength, ...before].join(' ');
    const embeddings = whole.subarray(0, stemLength * hiddenSize);
    const keyValues = await picture.stem(key, () => this.#extend(embeddings, stemLength, context));
    return { keyValues, picture: context, rest: whole.subarray(stemLength * hiddenSize), length };
  }

  async #extend(embeddings: Float32Array, rows: number, picture: PictureContext): Promise<KeyValueRows> {
    if (rows === 0) return emptyKeyValues(this.#geometry);
    return this.#decoder.extend({ embeddings, positions: positionsFrom(0, rows), picture });
  }

  async #embed(ids: readonly number[]): Promise<Float32Array> {
    return ids.length === 0 ? new Float32Array(0) : this.#decoder.embed(ids);
  }
}
