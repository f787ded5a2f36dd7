import * as huggingFace from '@huggingface/tokenizers';
import { RuntimeError } from './error.js';
import { IMAGE_TOKEN_INDEX } from './prompt.js';
import { checkPatterns } from './tokenizer-patterns.js';

/** Stands in a prompt's text where the picture belongs. */
export const IMAGE_TAG = '<image>';

/** What we use of the package's class; its own declarations lack the file extensions that `nodenext` resolves by. */
interface HuggingFace {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}
const HuggingFaceTokenizer = huggingFace.Tokenizer as unknown as new (
  content: object,
  config: object,
) => HuggingFace;

/** A checkpoint's tokenizer, as the trainer and the model both use it. */
export interface Tokenizer {
  /** Ids of a text that begins a sequence: the begin-of-text token in front. */
  encode(text: string): number[];
  /** As `encode`, but each `<image>` becomes -200; the pieces around it are encoded apart, as LLaVA does. */
  encodePrompt(text: string): number[];
  /** Text of ids; special tokens are left out. */
  decode(ids: readonly number[]): string;
}

/**
 * @param content - of tokenizer.json
 * @param config - of tokenizer_config.json; an empty object where there is none
 * @param file - named in errors
 * @throws RuntimeError TOKENIZER_INVALID
 */
export function createTokenizer(content: object, config: object, file: string): Tokenizer {
  const inner = orInvalid(file, () => {
    checkPatterns(content);
    return new HuggingFaceTokenizer(content, config);
  });
  // The package looks closer at some parts of the file when a text comes that needs them.
  const piece = (text: string, first: boolean) =>
    orInvalid(file, () => {
      const { ids } = inner.encode(text, { add_special_tokens: first });
      // A negative one would stand for a picture.
      const wrong = ids.findIndex((id) => !Number.isInteger(id) || id < 0);
      if (wrong >= 0) throw new Error(`a token with the id ${String(ids[wrong])}`);
      return ids;
    });
  return {
    encode: (text) => piece(text, true),
    encodePrompt: createPromptEncoder(piece),
    decode: (ids) =>
      orInvalid(file, () =>
        inner.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
      ),
  };
}

/**
 * A tokenizer's `encodePrompt`.
 *
 * @param encode - ids of a stretch of text; with the begin-of-text token where it is the first
 */
export function createPromptEncoder(
  encode: (text: string, first: boolean) => number[],
): (text: string) => number[] {
  return (text) =>
    text.split(IMAGE_TAG).flatMap((chunk, index) => {
      const ids = chunk === '' && index > 0 ? [] : encode(chunk, index === 0);
      return index === 0 ? ids : [IMAGE_TOKEN_INDEX, ...ids];
    });
}

function orInvalid<T>(file: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const what = `expected a tokenizer of the Hugging Face format: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new RuntimeError('TOKENIZER_INVALID', what, { file, hint: 'restore tokenizer.json', cause });
  }
}

/** What decoding makes of bytes that are no whole character. */
const REPLACEMENT = '\u{fffd}';

/**
 * Text of tokens as they come, for showing an answer while it grows: a character whose bytes are spread over several
 * tokens is held back until it is whole.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer;
  readonly #ids: number[] = [];
  #shown = '';

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** What the next token adds; often empty. */
  push(token: number): string {
    this.#ids.push(token);
    const text = this.#tokenizer.decode(this.#ids);
    let end = text.length;
    while (end > this.#shown.length && text[end - 1] === REPLACEMENT) end--;
    return this.#show(text.slice(0, end));
  }

  /** What was held back to the end. */
  end(): string {
    return this.#show(this.#tokenizer.decode(this.#ids));
  }

  #show(text: string): string {
    const added = text.slice(this.#shown.length);
    this.#shown = text;
    return added;
  }
}
