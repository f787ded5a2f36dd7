import { lettersOf } from './choices.js';
import type { Item, Request } from './item.js';

/** System text of LLaVA v1; one space after each sentence, none at the end. */
const SYSTEM =
  "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions.";

/** The line that LLaVA-1.5 adds to questions with short answers. */
const SHORT_ANSWER = 'Answer the question using a single word or phrase.';

/** The line that LLaVA-1.5 adds to questions whose options have letters. */
export const LETTER_ONLY = "Answer with the option's letter from the given choices directly.";

/** 512: the published scripts' limit for free answers. */
export const MAX_NEW_TOKENS = 512;

/** A question about one picture in the form that LLaVA v1 was trained on, up to where its answer begins. */
export function visualPrompt(question: string): string {
  return `${SYSTEM} USER: <image>\n${question} ASSISTANT:`;
}

/** The same, asking for a single word or phrase. */
export function shortAnswerPrompt(question: string): string {
  return visualPrompt(`${question}\n${SHORT_ANSWER}`);
}

/** Asks an item's question for a single word or phrase. */
export function shortAnswerRequest({ question }: Item): Request {
  return { prompt: shortAnswerPrompt(question), maxNewTokens: MAX_NEW_TOKENS };
}

/** Shows an item's options with letters and asks for one. */
export function letterRequest({ question, options }: Item): Request {
  const letters = lettersOf(options);
  const lines = options.map((text, i) => `(${letters[i] ?? ''}) ${text}`);
  const prompt = visualPrompt([question, ...lines, LETTER_ONLY].join('\n'));
  return { prompt, maxNewTokens: MAX_NEW_TOKENS };
}
