import { encodeAnswer } from '../conversation.js';
import { RuntimeError } from '../error.js';
import { explainAnswer } from '../explain/explanation.js';
import type { Explanation } from '../explain/explanation.js';
import type { Geometry } from '../geometry.js';
import type { Raster } from '../image/raster.js';
import { checkLength, splitAtImage } from '../prompt.js';
import type { Regions } from '../regions.js';
import { TextStream } from '../tokenizer.js';
import type { Tokenizer } from '../tokenizer.js';
import type { Engine } from './engine.js';
import type { GeneratedToken } from './generation.js';
import type { EncodedImage, ImageSource } from './image.js';
import { hasTokenizer, loadTokenizer } from './load-tokenizer.js';
import { openEngine } from './open-engine.js';
import type { EngineOptions } from './open-engine.js';
import { photographOf } from './photograph.js';
import type { Photograph } from './photograph.js';
import { stopIfAborted } from './stop.js';

/** A question: text with one `<image>` (system text included), or token ids with one -200. */
export type Prompt = string | readonly number[];

/** A picture: its file or the file's bytes, one that was read before, or its pixels. */
export type ImageInput = ImageSource | EncodedImage | Raster;

export interface GenerateRequest {
  image: ImageInput;
  prompt: Prompt;
  maxNewTokens: number;
  signal?: AbortSignal | undefined;
  /** Called for every token with the text that it adds, which is often empty. */
  onToken?: ((text: string, token: number) => void) | undefined;
}

/** A question whose picture may have been read before. */
type LocalRequest = Omit<GenerateRequest, 'image'> & { image: ImageInput | Photograph };

export interface Generated {
  /** Trimmed; empty where the prompt was ids and the model folder has no tokenizer. */
  text: string;
  tokens: number[];
  /** `stop`: the model ended its answer; `length`: maxNewTokens were reached. */
  finish: 'stop' | 'length';
  /** One step per token. */
  regions: Regions;
}

export interface ScoreRequest {
  image: ImageInput;
  prompt: Prompt;
  /** Texts, each scored as it follows `prompt` and a space; or token ids. */
  options: readonly Prompt[];
  /** Whether each option ends with the end-of-text token, which then counts in its loss; default: false. */
  endToken?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Scored {
  /** Mean cross-entropy of each option's tokens, nats. */
  losses: number[];
  /** Index of the lowest loss. */
  best: number;
  /** One step: what the last prompt token selected. */
  regions: Regions;
}

export type LocalModelOptions = EngineOptions;

/**
 * Loads a compiled folder or a checkpoint into the calling thread.
 *
 * @throws RuntimeError MODEL_DAMAGED, UNSUPPORTED_CONFIG, TENSOR_MISSING, TENSOR_SHAPE, DEVICE_ABSENT, OUT_OF_MEMORY;
 * ModelPrepError
 */
export async function openLocalModel(dir: string, options: LocalModelOptions = {}): Promise<LocalModel> {
  const { folder, engine } = await openEngine(dir, options);
  return new LocalModel(folder, engine);
}

/** A model that answers questions about pictures in the calling thread. Calls may overlap; they take turns. */
export class LocalModel {
  readonly geometry: Geometry;
  readonly #dir: string;
  readonly #engine: Engine;
  #tokenizer: Promise<Tokenizer> | undefined;

  /** @param folder - the tokenizer's folder and the model's sizes */
  constructor({ dir, geometry }: { dir: string; geometry: Geometry }, engine: Engine) {
    this.geometry = geometry;
    this.#dir = dir;
    this.#engine = engine;
  }

  /** Answers greedily (arg max), until the end-of-text token or `maxNewTokens`. */
  async generate(request: LocalRequest): Promise<Generated> {
    const { onToken } = request;
    const tokenizer = await this.#tokenizerFor(request.prompt);
    const stream = tokenizer && new TextStream(tokenizer);
    const tokens: number[] = [];
    const regions: Regions = { grid: 9, hd: this.geometry.hd, steps: [] };
    for await (const step of this.steps(request, false)) {
      tokens.push(step.token);
      regions.steps.push(step.regions);
      const ends = step.token === this.geometry.endOfText || tokens.length === request.maxNewTokens;
      const added = stream?.push(step.token) ?? '';
      onToken?.(added + (ends ? (stream?.end() ?? '') : ''), step.token);
    }
    const finish = tokens.at(-1) === this.geometry.endOfText ? 'stop' : 'length';
    return { text: tokenizer?.decode(tokens).trim() ?? '', tokens, finish, regions };
  }

  /** The answer of `generate`, and where in the picture every token of it looked, layer by layer. */
  async explain(request: GenerateRequest): Promise<Explanation> {
    const image = await photographOf(request.image);
    const answer = await this.generate({ ...request, image });
    const tokenizer = await this.#tokenizerFor(request.prompt);
    return explainAnswer(answer, await image.size(), tokenizer);
  }

  /**
   * The tokens of `generate` one by one, with logits and selected regions.
   *
   * @param withLogits - where false, a device may keep them, and there are none
   */
  async *steps(
    { image, prompt, maxNewTokens, signal }: LocalRequest,
    withLogits = true,
  ): AsyncGenerator<GeneratedToken> {
    if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
      throw new RuntimeError('BAD_PROMPT', `expected maxNewTokens of at least 1, got ${maxNewTokens}`);
    }
    const ids = await this.#checkedIds(prompt, maxNewTokens);
    stopIfAborted(signal);
    const photograph = await photographOf(image);
    for await (const step of this.#engine.generate(photograph, ids, maxNewTokens, withLogits)) {
      yield step;
      stopIfAborted(signal);
    }
  }

  /** Encodes a picture for the questions to come. */
  async encodeImage(image: ImageInput): Promise<void> {
    await this.#engine.encodeImage(await photographOf(image));
  }

  /** Loss of every option after the prompt; all options share one run. */
  async scoreOptions({ image, prompt, options, endToken = false, signal }: ScoreRequest): Promise<Scored> {
    const end = endToken ? [this.geometry.endOfText] : [];
    const ids = await Promise.all(
      options.map(async (option) => [...(await this.#optionIds(prompt, option)), ...end]),
    );
    if (ids.length === 0) throw new RuntimeError('BAD_OPTION', 'expected at least one option, got none');
    const longest = Math.max(...ids.map((option) => option.length));
    const promptIds = await this.#checkedIds(prompt, longest);
    const photograph = await photographOf(image);
    stopIfAborted(signal);
    const { losses, regions } = await this.#engine.score(photograph, promptIds, ids);
    const best = losses.indexOf(Math.min(...losses));
    return { losses, best, regions: { grid: 9, hd: this.geometry.hd, steps: [regions] } };
  }

  /** Frees the model's memory. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The prompt's ids, where they and an answer of so many tokens fit into the context. */
  async #checkedIds(prompt: Prompt, answer: number): Promise<readonly number[]> {
    const { size, maxPositions, vocabSize } = this.geometry;
    const ids = await this.#idsOf(prompt);
    const { before, after } = splitAtImage(ids);
    checkIds([...before, ...after], vocabSize, 'BAD_PROMPT');
    checkLength(before.length + size ** 2 + after.length, answer, maxPositions);
    return ids;
  }

  async #idsOf(prompt: Prompt): Promise<readonly number[]> {
    if (typeof prompt !== 'string') return prompt;
    return (await this.#ownTokenizer()).encodePrompt(prompt);
  }

  async #optionIds(prompt: Prompt, option: Prompt): Promise<readonly number[]> {
    const ids = await this.#optionTokens(prompt, option);
    if (ids.length === 0) {
      const what = 'expected an option of at least one token, got an empty one';
      throw new RuntimeError('BAD_OPTION', what, { item: JSON.stringify(option) });
    }
    checkIds(ids, this.geometry.vocabSize, 'BAD_OPTION');
    return ids;
  }

  async #optionTokens(prompt: Prompt, option: Prompt): Promise<readonly number[]> {
    if (typeof option !== 'string') return option;
    if (typeof prompt === 'string') return encodeAnswer(await this.#ownTokenizer(), prompt, option);
    const hint = 'give both as text, or both as ids';
    throw new RuntimeError('BAD_OPTION', 'expected token ids, as the prompt is, got text', {
      item: option,
      hint,
    });
  }

  async #tokenizerFor(prompt: Prompt): Promise<Tokenizer | undefined> {
    if (typeof prompt !== 'string' && !(await hasTokenizer(this.#dir))) return undefined;
    return this.#ownTokenizer();
  }

  #ownTokenizer(): Promise<Tokenizer> {
    this.#tokenizer ??= loadTokenizer(this.#dir);
    return this.#tokenizer;
  }
}

function checkIds(ids: readonly number[], vocabSize: number, code: 'BAD_PROMPT' | 'BAD_OPTION'): void {
  const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (bad === undefined) return;
  const hint = 'the tokenizer does not belong to this checkpoint';
  throw new RuntimeError(code, `expected token ids from 0 to ${vocabSize - 1}, got ${bad}`, { hint });
}
