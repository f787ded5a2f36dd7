import { branchLosses, layOutBranches } from '../branches.js';
import type { Geometry } from '../geometry.js';
import { positionsFrom } from '../positions.js';
import { splitAtImage } from '../prompt.js';
import type { Engine } from './engine.js';
import type { GeneratedToken, OptionScores } from './generation.js';
import type { Photograph } from './photograph.js';
import { PictureCache } from './picture-cache.js';
import { freeAll, WebGpuPicture } from './webgpu-picture.js';
import type { HostTensor } from './session.js';
import type { DeviceTensors } from './webgpu-picture.js';
import type { DeviceTensor, WebGpuSessions } from './webgpu-session.js';
import { StepFeeds } from './webgpu-step.js';
import type { StepPast, StepRows } from './webgpu-step.js';

/** A prompt whose stem is folded into keys and values on the device, and the rows behind it. */
interface Prompt {
  past: StepPast;
  rest: StepRows;
  /** Positions of the whole prompt. */
  length: number;
}

/** What one step gives; the logits are freed by whoever asked for it. */
interface Step {
  token: HostTensor | undefined;
  regions: HostTensor | undefined;
  logits: DeviceTensor;
  /** Of all positions behind the stem. */
  keyValues: DeviceTensors;
}

/**
 * Answers on a GPU through WebGPU, one run a step: keys, values and features stay on the device; the host gets the
 * token, what was selected, and logits where they are asked for.
 */
export class WebGpuEngine implements Engine {
  readonly #geometry: Geometry;
  readonly #sessions: WebGpuSessions;
  readonly #feeds: StepFeeds;
  readonly #pictures: PictureCache<WebGpuPicture>;

  /** @param cacheBytes - on the device, of what is kept of pictures */
  constructor(geometry: Geometry, sessions: WebGpuSessions, cacheBytes: number) {
    this.#geometry = geometry;
    this.#sessions = sessions;
    this.#feeds = new StepFeeds(geometry, sessions.hasHalfKeyValues);
    this.#pictures = new PictureCache(cacheBytes, (image) => WebGpuPicture.open(geometry, sessions, image));
  }

  async *generate(
    image: Photograph,
    ids: readonly number[],
    maxNewTokens: number,
    withLogits: boolean,
  ): AsyncGenerator<GeneratedToken> {
    const picture = await this.#take(image);
    let grown: DeviceTensors = {};
    try {
      let { past, rest: rows, length } = await this.#prompt(picture, ids);
      for (let count = 1; ; count++) {
        const step = await this.#step(rows, past);
        freeAll(grown);
        grown = step.keyValues;
        past = { ...past, grown };
        const token = tokenOf(step.token);
        const logits = withLogits ? await this.#sessions.read(step.logits) : new Float32Array(0);
        step.logits.free();
        yield { token, logits, regions: this.#feeds.regions(step.regions), position: length - 1 };
        if (token === this.#geometry.endOfText || count === maxNewTokens) return;
        rows = { ids: [token], positions: [length++], branches: [0], highRows: 1 };
      }
    } finally {
      freeAll(grown);
      await picture.release();
    }
  }

  async score(
    image: Photograph,
    ids: readonly number[],
    options: readonly (readonly number[])[],
  ): Promise<OptionScores> {
    const picture = await this.#take(image);
    try {
      const { past, rest, length } = await this.#prompt(picture, ids);
      const fed = layOutBranches(options, length);
      const rows: StepRows = {
        ids: [...rest.ids, ...fed.ids],
        positions: [...rest.positions, ...fed.positions],
        branches: [...rest.branches, ...fed.branches],
        highRows: 1 + fed.ids.length,
      };
      const step = await this.#step(rows, past);
      freeAll(step.keyValues);
      const all = await this.#sessions.read(step.logits);
      step.logits.free();
      const { vocabSize } = this.#geometry;
      const logits = positionsFrom(0, rows.highRows).map((row) =>
        all.subarray(row * vocabSize, (row + 1) * vocabSize),
      );
      return { losses: branchLosses(options, logits), regions: this.#feeds.regions(step.regions) };
    } finally {
      await picture.release();
    }
  }

  async encodeImage(image: Photograph): Promise<void> {
    await this.#pictures.picture(image);
  }

  async close(): Promise<void> {
    await this.#pictures.clear();
    await this.#sessions.release();
  }

  /** The picture, which stays on the device until it is released. */
  async #take(image: Photograph): Promise<WebGpuPicture> {
    const picture = await this.#pictures.picture(image);
    picture.use();
    return picture;
  }

  async #prompt(picture: WebGpuPicture, ids: readonly number[]): Promise<Prompt> {
    const { before, after } = splitAtImage(ids);
    // An image token stands in the rows as the complement of its number.
    const all = [...before, ...positionsFrom(0, this.#geometry.size ** 2).map((place) => ~place), ...after];
    // The last prompt token is a high-res row, so it is never in the stem; where it is an image token, nothing is.
    const stemRows = after.length === 0 ? 0 : all.length - after.length;
    const imageBegin = before.length;
    const none = { picture, imageBegin, stem: undefined, grown: undefined, high: undefined };
    const stem =
      stemRows === 0
        ? undefined
        : await picture.stem(before, () => this.#stem(rowsOf(all.slice(0, stemRows), 0, 0), none));
    const past = { ...none, stem, high: await picture.high(imageBegin) };
    return { past, rest: rowsOf(all.slice(stemRows), stemRows, 1), length: all.length };
  }

  async #stem(rows: StepRows, past: StepPast): Promise<DeviceTensors> {
    const { logits, keyValues } = await this.#step(rows, past);
    logits.free();
    return keyValues;
  }

  async #step(rows: StepRows, past: StepPast): Promise<Step> {
    const { host, device } = await this.#sessions.run('step', this.#feeds.of(rows, past));
    const { logits, ...keyValues } = device;
    if (logits === undefined) throw new Error('expected logits on the device');
    return { token: host['token'], regions: host['regions'], logits, keyValues };
  }
}

/** Rows of one branch from position `first` on. */
function rowsOf(ids: readonly number[], first: number, highRows: number): StepRows {
  return { ids, positions: positionsFrom(first, ids.length), branches: ids.map(() => 0), highRows };
}

function tokenOf(tensor: HostTensor | undefined): number {
  if (tensor?.data instanceof BigInt64Array) return Number(tensor.data[0]);
  throw new Error('expected an int64 output');
}
