import { byteOfPiece } from './encode.js';
import type { SentencePieceModel } from './model.js';
import { SPACE_SYMBOL } from './normalise.js';
import { characterLength } from './symbol-matcher.js';

const REPLACEMENT = Buffer.from('\u{fffd}');
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of ids, as SentencePiece's decoder has it: control pieces and ids beyond the vocabulary add nothing, spaces in
 * front of the first piece go (one, or all with `removeExtraWhitespaces`), and a byte that is no part of a whole
 * character becomes U+FFFD.
 */
export function createDecoder(model: SentencePieceModel): (ids: readonly number[]) => string {
  const { pieces, normalizer, unkSurface } = model;
  const trims = normalizer.addDummyPrefix || normalizer.removeExtraWhitespaces;
  return (ids) => {
    const parts: Uint8Array[] = [];
    let atStart = trims;
    for (const id of ids) {
      const piece = pieces[id];
      if (piece === undefined || piece.type === 'CONTROL') continue;
      if (piece.type === 'BYTE') {
        parts.push(Uint8Array.of(byteOfPiece(piece.piece)));
        atStart = false;
        continue;
      }
      const unknown = piece.type === 'UNKNOWN';
      const trimmed = atStart && !unknown && piece.piece.startsWith(SPACE_SYMBOL);
      const surface = unknown ? unkSurface : piece.piece.slice(trimmed ? 1 : 0).replaceAll(SPACE_SYMBOL, ' ');
      if (surface !== '' || (trimmed && !normalizer.removeExtraWhitespaces)) atStart = false;
      parts.push(Buffer.from(surface));
    }
    return decodeUtf8(Buffer.concat(parts));
  };
}

/** As `TextDecoder`, but with one U+FFFD for every byte that belongs to no character. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // Some character is cut or damaged: one by one.
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const character = bytes.subarray(at, at + characterLength(bytes[at] ?? 0));
      const whole = isWhole(character);
      parts.push(whole ? character : REPLACEMENT);
      at += whole ? character.length : 1;
    }
    return Buffer.concat(parts).toString();
  }
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
