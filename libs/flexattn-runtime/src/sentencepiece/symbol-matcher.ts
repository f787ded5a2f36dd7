/** Finds user-defined symbols in UTF-8 text. */
export interface SymbolMatcher {
  /** Bytes of the longest symbol that `text` has at `at`; undefined where there is none. */
  lengthAt(text: Uint8Array, at: number): number | undefined;
}

/** @param symbols - none empty */
export function createSymbolMatcher(symbols: readonly string[]): SymbolMatcher {
  const longestFirst = symbols.map((symbol) => Buffer.from(symbol)).sort((a, b) => b.length - a.length);
  const byFirst = new Map<number, Buffer[]>();
  for (const symbol of longestFirst) {
    const first = symbol[0] ?? 0;
    byFirst.set(first, [...(byFirst.get(first) ?? []), symbol]);
  }
  return {
    lengthAt: (text, at) =>
      byFirst.get(text[at] ?? 0)?.find((symbol) => symbol.every((byte, index) => byte === text[at + index]))
        ?.length,
  };
}

/** Bytes of the UTF-8 character that begins with `first`. */
export function characterLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
