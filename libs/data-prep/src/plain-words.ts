const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** To behind the quote that ends a string of printable ASCII without escapes; 0 where it is another one. */
export function endOfWord(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) return i + 1;
    if (byte < SPACE || byte > 0x7e || byte === BACKSLASH) return 0;
  }
  return 0;
}

/** To behind an integer of digits alone, without a leading zero; 0 where there is none. */
export function endOfInteger(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x30 || byte > 0x39) break;
    i += 1;
  }
  const leadingZero = bytes[from] === 0x30 && i > from + 1;
  return i === from || leadingZero ? 0 : i;
}

/** To behind the one of `words` that stands at `at`; 0 where none does. */
export function endOfOne(bytes: Uint8Array, at: number, words: readonly Uint8Array[]): number {
  for (const word of words) if (standsAt(bytes, at, word)) return at + word.length;
  return 0;
}

/** Whether the bytes of `word` stand at `at`. */
export function standsAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return false;
  return true;
}
