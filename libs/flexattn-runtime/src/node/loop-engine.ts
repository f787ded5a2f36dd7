import { branchLosses, layOutBranches } from '../branches.js';
import { selectingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import { stepMask } from '../masks.js';
import { positionsFrom, rotaryRows } from '../positions.js';
import { splitAtImage } from '../prompt.js';
import { chosenRegions, GRID, regionLayout } from '../regions.js';
import type { LayerRegions } from '../regions.js';
import { flagsOf, floatsOf } from './decoder.js';
import type { Engine } from './engine.js';
import type { GeneratedToken, OptionScores } from './generation.js';
import type { Photograph } from './photograph.js';
import { PictureCache } from './picture-cache.js';
import { Picture } from './picture.js';
import type { WholePicture } from './picture.js';
import type { Feeds, GraphSessions, HostTensor } from './session.js';

/** A prompt's rows, and those of the options behind it. */
interface LoopPrompt {
  /** Token ids, 0 where the picture lies. */
  ids: number[];
  positions: number[];
  /** By row: 0 for the prompt, or its option. */
  branches: number[];
  /** Rows that are no high-res rows, at least one. */
  stemRows: number;
  picture: WholePicture;
}

/**
 * Answers by the `loop` graph: one run an answer, or an item's options. On CUDA nothing but the answer comes back to
 * the host, so tokens cannot be handed on, nor the run be stopped, before it ends. Pictures' features are kept; keys and
 * values are made anew for every question, which on a GPU costs less than bringing them there.
 */
export class LoopEngine implements Engine {
  readonly #geometry: Geometry;
  readonly #sessions: GraphSessions;
  readonly #pictures: PictureCache<Picture>;

  /** @param cacheBytes - of what is kept of pictures */
  constructor(geometry: Geometry, sessions: GraphSessions, cacheBytes: number) {
    this.#geometry = geometry;
    this.#sessions = sessions;
    this.#pictures = new PictureCache(cacheBytes, (image) => Picture.open(geometry, sessions, image));
  }

  async *generate(
    image: Photograph,
    ids: readonly number[],
    maxNewTokens: number,
    withLogits: boolean,
  ): AsyncGenerator<GeneratedToken> {
    const prompt = await this.#prompt(image, ids);
    const length = prompt.ids.length;
    const feeds = this.#feeds(prompt, length, maxNewTokens - 1);
    const outputs = await this.#sessions.run('loop', feeds, [
      'token',
      'tokens',
      ...(withLogits ? ['logits', 'roundLogits'] : []),
      ...this.#regionNames('regions', 'roundRegions'),
    ]);
    const tokens = [...integersOf(outputs['token']), ...integersOf(outputs['tokens'])];
    for (const [step, token] of tokens.entries()) {
      // The first token is the prompt's, the others are the rounds'.
      const round = Math.max(step - 1, 0);
      const [rows, flags] = step === 0 ? ['logits', 'regions'] : ['roundLogits', 'roundRegions'];
      const logits = withLogits ? this.#logitsOf(outputs[rows], round) : new Float32Array(0);
      const regions = this.#regionsOf(outputs[flags], round, 1);
      yield { token, logits, regions, position: length - 1 + step };
    }
  }

  async score(
    image: Photograph,
    ids: readonly number[],
    options: readonly (readonly number[])[],
  ): Promise<OptionScores> {
    const prompt = await this.#prompt(image, ids);
    const length = prompt.ids.length;
    const fed = layOutBranches(options, length);
    prompt.ids.push(...fed.ids);
    prompt.positions.push(...fed.positions);
    prompt.branches.push(...fed.branches);
    const outputs = await this.#sessions.run('loop', this.#feeds(prompt, length, 0), [
      'logits',
      ...this.#regionNames('regions'),
    ]);
    const rows = 1 + fed.ids.length;
    const logits = positionsFrom(0, rows).map((row) => this.#logitsOf(outputs['logits'], row));
    return {
      losses: branchLosses(options, logits),
      regions: this.#regionsOf(outputs['regions'], 0, rows),
    };
  }

  async encodeImage(image: Photograph): Promise<void> {
    await (await this.#pictures.picture(image)).encodeAll();
  }

  close(): Promise<void> {
    return this.#sessions.release();
  }

  async #prompt(image: Photograph, ids: readonly number[]): Promise<LoopPrompt> {
    const { before, after } = splitAtImage(ids);
    const picture = await (await this.#pictures.picture(image)).whole(before.length);
    const all = [...before, ...new Array<number>(this.#geometry.size ** 2).fill(0), ...after];
    return {
      ids: all,
      positions: positionsFrom(0, all.length),
      branches: all.map(() => 0),
      // The last prompt token is a high-res row, and the first of them.
      stemRows: all.length - 1,
      picture,
    };
  }

  /** @param length - positions of the prompt, behind which the rounds come */
  #feeds(prompt: LoopPrompt, length: number, rounds: number): Feeds {
    const { headDim, ropeTheta, size, hiddenSize, selection } = this.#geometry;
    const { ids, positions, branches, stemRows, picture } = prompt;
    const rows = ids.length;
    const own = rotaryRows(positions, headDim, ropeTheta);
    const later = rotaryRows(positionsFrom(length, Math.max(rounds, 1)), headDim, ropeTheta);
    const table = (data: Float32Array): HostTensor => ({ dims: [1, rows, headDim / 2], data });
    const roundTable = (data: Float32Array): HostTensor => ({
      dims: [data.length / (headDim / 2), 1, 1, headDim / 2],
      data,
    });
    const feeds: Feeds = {
      ids: integers(ids),
      imageRows: integers(positionsFrom(picture.begin, size ** 2), [size ** 2, 1]),
      low: { dims: [size ** 2, hiddenSize], data: picture.low },
      cos: table(own.cos),
      sin: table(own.sin),
      stemRows: integers([stemRows]),
      mask: { dims: [rows, rows], data: stepMask(branches, 0, 0) },
      rounds: integers([rounds], []),
      roundCos: roundTable(later.cos),
      roundSin: roundTable(later.sin),
    };
    return selection === 'none' ? feeds : { ...feeds, ...this.#pictureFeeds(picture) };
  }

  #pictureFeeds({ begin, keep, features, tables }: WholePicture): Feeds {
    const { headDim, hiddenSize, size, hd } = this.#geometry;
    const places = GRID ** 2 * regionLayout(hd).perRegion;
    const dims = [1, places, headDim / 2];
    return {
      imageBegin: integers([begin]),
      imageEnd: integers([begin + size ** 2]),
      keep: { dims: [size ** 2], data: keep },
      highFeatures: { dims: [places, hiddenSize], data: features },
      highCos: { dims, data: tables.cos },
      highSin: { dims, data: tables.sin },
    };
  }

  /** Outputs that only a model that selects has. */
  #regionNames(...names: string[]): string[] {
    return this.#geometry.selection === 'none' ? [] : names;
  }

  /** One row of logits [rows, vocab]. */
  #logitsOf(logits: HostTensor | undefined, row: number): Float32Array {
    const { vocabSize } = this.#geometry;
    return floatsOf(logits).subarray(row * vocabSize, (row + 1) * vocabSize);
  }

  /** What the first row of round `round` selected, of flags [rounds, layers, rows, 81]. */
  #regionsOf(flags: HostTensor | undefined, round: number, rows: number): LayerRegions[] {
    const layers = selectingLayers(this.#geometry);
    return layers.map((layer, index) => {
      const at = (round * layers.length + index) * rows * GRID ** 2;
      return { layer, rows: chosenRegions(flagsOf(flags).subarray(at, at + GRID ** 2)) };
    });
  }
}

function integers(values: readonly number[], dims: readonly number[] = [values.length]): HostTensor {
  return { dims, data: BigInt64Array.from(values, BigInt) };
}

function integersOf(tensor: HostTensor | undefined): number[] {
  if (tensor?.data instanceof BigInt64Array) return Array.from(tensor.data, Number);
  throw new Error('expected an int64 output');
}
