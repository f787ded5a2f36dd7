import type { NormalizerSpec } from './model.js';
import { characterLength } from './symbol-matcher.js';
import type { SymbolMatcher } from './symbol-matcher.js';

/** U+2581, which stands for a space inside pieces. */
export const SPACE_SYMBOL = '\u{2581}';

const SPACE = 0x20;

/**
 * What SentencePiece does to a text before it is cut (`Normalizer::Normalize`): rules are applied where they match the
 * most, spaces are thinned out and escaped, and a dummy space is put in front. User-defined symbols stay as they are.
 */
export function createNormaliser(spec: NormalizerSpec, symbols: SymbolMatcher): (text: string) => string {
  const { rules, removeExtraWhitespaces } = spec;
  const space = spec.escapeWhitespaces ? SPACE_SYMBOL : ' ';
  const dummy = spec.addDummyPrefix ? space : '';

  const rewrite = (text: Uint8Array): Buffer => {
    const parts: Uint8Array[] = [];
    let behindSpace = removeExtraWhitespaces;
    for (let at = 0; at < text.length;) {
      const symbol = symbols.lengthAt(text, at);
      const length = symbol ?? characterLength(text[at] ?? 0);
      const rule = symbol === undefined ? rules?.longest(text, at) : undefined;
      const stretch = rule ?? { bytes: text.subarray(at, at + length), length };
      const kept = behindSpace ? withoutLeadingSpaces(stretch.bytes) : stretch.bytes;
      parts.push(kept);
      if (kept.length > 0) behindSpace = removeExtraWhitespaces && kept.at(-1) === SPACE;
      at += stretch.length;
    }
    return Buffer.concat(parts);
  };

  return (text) => {
    if (text === '') return '';
    const whole = dummy + rewrite(Buffer.from(text)).toString().replaceAll(' ', space);
    return removeExtraWhitespaces ? withoutTrailing(whole, space) : whole;
  };
}

function withoutTrailing(text: string, space: string): string {
  let end = text.length;
  while (text.endsWith(space, end)) end -= space.length;
  return text.slice(0, end);
}

function withoutLeadingSpaces(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== SPACE);
  return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
}
