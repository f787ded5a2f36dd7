import { createMerger } from './merge.js';
import type { SentencePieceModel } from './model.js';
import { createNormaliser } from './normalise.js';
import { createSymbolMatcher } from './symbol-matcher.js';

/** Ids of a text: normalised, cut, and unknown pieces as their bytes or as the unknown id, one for a run of them. */
export function createEncoder(model: SentencePieceModel): (text: string) => number[] {
  const { pieces, byteFallback, unkId } = model;
  const symbols = createSymbolMatcher(
    pieces.flatMap(({ piece, type }) => (type === 'USER_DEFINED' && piece !== '' ? [piece] : [])),
  );
  const normalise = createNormaliser(model.normalizer, symbols);
  const cut = createMerger(model, symbols);
  const idOf = new Map<string, number>();
  const idOfByte = new Map<number, number>();
  for (const [id, { piece, type }] of pieces.entries()) {
    if (type === 'BYTE') idOfByte.set(byteOfPiece(piece), id);
    else if (type !== 'CONTROL') idOf.set(piece, id);
  }
  return (text) => {
    const ids: number[] = [];
    for (const piece of cut(normalise(text))) {
      const id = idOf.get(piece);
      if (id !== undefined && id !== unkId) ids.push(id);
      else if (byteFallback) for (const byte of Buffer.from(piece)) ids.push(idOfByte.get(byte) ?? unkId);
      else if (ids.at(-1) !== unkId) ids.push(unkId);
    }
    return ids;
  };
}

/** The byte that a piece such as `<0xE2>` stands for. */
export function byteOfPiece(piece: string): number {
  return Number.parseInt(piece.slice(3, 5), 16);
}
