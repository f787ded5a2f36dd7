import type { Geometry } from '../geometry.js';
import { Decoder } from './decoder.js';
import { decodeGreedily, scoreBranches } from './generation.js';
import type { GeneratedToken, OptionScores } from './generation.js';
import type { Photograph } from './photograph.js';
import { PictureCache } from './picture-cache.js';
import { Picture } from './picture.js';
import { PromptPreparer } from './prompt-preparer.js';
import type { GraphSessions } from './session.js';

/** The graphs of one model on one device: everything that depends on what computes. Calls take turns. */
export interface Engine {
  /**
   * Greedy decoding: every token as it is chosen, the end-of-text token included.
   *
   * @param ids - prompt ids with one -200
   * @param withLogits - whether they are asked for: a device keeps them otherwise
   */
  generate(
    image: Photograph,
    ids: readonly number[],
    maxNewTokens: number,
    withLogits: boolean,
  ): AsyncGenerator<GeneratedToken>;
  /** Losses of the options behind one prompt; ids of at least one token each. */
  score(
    image: Photograph,
    ids: readonly number[],
    options: readonly (readonly number[])[],
  ): Promise<OptionScores>;
  /** Encodes a picture for the questions to come. */
  encodeImage(image: Photograph): Promise<void>;
  /** Frees the memory, the device's too. */
  close(): Promise<void>;
}

/** The processor: step graphs over buffers that live in JavaScript. */
export class ProcessorEngine implements Engine {
  readonly #sessions: GraphSessions;
  readonly #decoder: Decoder;
  readonly #pictures: PictureCache<Picture>;
  readonly #preparer: PromptPreparer;

  /** @param cacheBytes - of what is kept of pictures */
  constructor(geometry: Geometry, sessions: GraphSessions, cacheBytes: number) {
    this.#sessions = sessions;
    this.#decoder = new Decoder(geometry, sessions);
    this.#pictures = new PictureCache(cacheBytes, (image) => Picture.open(geometry, sessions, image));
    this.#preparer = new PromptPreparer(this.#pictures, this.#decoder);
  }

  async *generate(
    image: Photograph,
    ids: readonly number[],
    maxNewTokens: number,
  ): AsyncGenerator<GeneratedToken> {
    yield* decodeGreedily(this.#decoder, await this.#preparer.prepare(image, ids), maxNewTokens);
  }

  async score(
    image: Photograph,
    ids: readonly number[],
    options: readonly (readonly number[])[],
  ): Promise<OptionScores> {
    return scoreBranches(this.#decoder, await this.#preparer.prepare(image, ids), options);
  }

  async encodeImage(image: Photograph): Promise<void> {
    await this.#pictures.picture(image);
  }

  close(): Promise<void> {
    return this.#sessions.release();
  }
}
