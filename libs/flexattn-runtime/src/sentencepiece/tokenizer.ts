import { createPromptEncoder } from '../tokenizer.js';
import type { Tokenizer } from '../tokenizer.js';
import { createDecoder } from './decode.js';
import { createEncoder } from './encode.js';
import { readSentencePieceModel } from './model.js';

/**
 * The tokenizer of a `tokenizer.model`, as LLaMA's own slow tokenizer uses it: the unknown, begin and end pieces and added
 * tokens are looked for in the text first, and the stretches between them are encoded apart, each with a dummy space in
 * front. Other control symbols are plain text, as they are to SentencePiece.
 *
 * @param bytes - of tokenizer.model
 * @param added - ids of further tokens by their text (added_tokens.json)
 * @param file - named in errors
 * @throws RuntimeError TOKENIZER_INVALID
 */
export function createSentencePieceTokenizer(
  bytes: Uint8Array,
  added: Readonly<Record<string, number>>,
  file: string,
): Tokenizer {
  const model = readSentencePieceModel(bytes, file);
  const specials = new Map<string, number>();
  for (const id of [model.unkId, model.bosId, model.eosId]) {
    const piece = model.pieces[id]?.piece;
    if (piece !== undefined) specials.set(piece, id);
  }
  for (const [text, id] of Object.entries(added)) specials.set(text, id);

  const pattern = alternatives([...specials.keys()]);
  const encodePlain = createEncoder(model);
  const encodePart = (part: string) => {
    const special = specials.get(part);
    return special === undefined ? encodePlain(part) : [special];
  };
  const encode = (text: string, first: boolean) => [
    ...(first && model.bosId >= 0 ? [model.bosId] : []),
    ...text.split(pattern).flatMap(encodePart),
  ];
  return {
    encode: (text) => encode(text, true),
    encodePrompt: createPromptEncoder(encode),
    decode: createDecoder(model),
  };
}

/** Matches any of the texts, the longest first, and keeps what it matched when a text is split at it. */
function alternatives(texts: readonly string[]): RegExp {
  const escaped = texts
    .toSorted((a, b) => b.length - a.length)
    .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`);
}
