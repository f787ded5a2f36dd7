import { RuntimeError } from './error.js';

/** Stands in prompt ids for the image's low-res tokens (`IMAGE_TOKEN_INDEX` of LLaVA). */
export const IMAGE_TOKEN_INDEX = -200;

/** A prompt around its image: positions run over text, L image tokens, text. */
export interface ImagePrompt {
  before: number[];
  after: number[];
}

/** @throws RuntimeError PROMPT_IMAGE_TAGS unless exactly one id is -200 */
export function splitAtImage(ids: readonly number[]): ImagePrompt {
  const count = ids.filter((id) => id === IMAGE_TOKEN_INDEX).length;
  if (count !== 1) {
    const what = `expected one <image> in the prompt, got ${count}`;
    throw new RuntimeError('PROMPT_IMAGE_TAGS', what, {
      hint: 'put <image> where the picture belongs, once',
    });
  }
  const at = ids.indexOf(IMAGE_TOKEN_INDEX);
  return { before: ids.slice(0, at), after: ids.slice(at + 1) };
}

/** @throws RuntimeError PROMPT_TOO_LONG where prompt and answer take more positions than the model has */
export function checkLength(prompt: number, answer: number, maxPositions: number): void {
  if (prompt + answer <= maxPositions) return;
  const what = `expected at most ${maxPositions} positions, got ${prompt} of the prompt and ${answer} of the answer`;
  throw new RuntimeError('PROMPT_TOO_LONG', what, { hint: 'shorten the prompt or maxNewTokens' });
}
