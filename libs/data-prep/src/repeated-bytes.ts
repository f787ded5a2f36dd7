const LF = 0x0a;
const SPACE = 0x20;

/** Bytes that are remembered; what stands between two texts of an indented file has some 60. */
const MOST_BYTES = 256;

/**
 * What stood between two texts of a conversation, to be recognised where it stands again: files are written by
 * programs, so nearly every turn looks like the one before, and comparing is quicker than reading it again.
 */
export class RepeatedBytes {
  /** Line feeds and control characters among the remembered bytes, and the place behind the last line feed. */
  lineFeeds = 0;
  controls = 0;
  behindLineFeed = 0;
  /** Whether the text behind them is a human's. */
  leadsToHuman = false;
  readonly #bytes = new Uint8Array(MOST_BYTES);
  #length = 0;

  /** The index behind the remembered bytes where they stand at `at`; 0 where others do. */
  match(bytes: Uint8Array, at: number): number {
    const length = this.#length;
    const end = at + length;
    if (length === 0 || end > bytes.length) return 0;
    for (let i = 0; i < length; i += 1) if (bytes[at + i] !== this.#bytes[i]) return 0;
    return end;
  }

  /** Remembers the bytes from `begin` to before `end`. */
  remember(bytes: Uint8Array, begin: number, end: number, leadsToHuman: boolean): void {
    this.#length = 0;
    if (end - begin > MOST_BYTES) return;
    this.leadsToHuman = leadsToHuman;
    this.lineFeeds = 0;
    this.controls = 0;
    for (let i = begin; i < end; i += 1) {
      const byte = bytes[i] ?? 0;
      this.#bytes[i - begin] = byte;
      if (byte < SPACE) this.controls += 1;
      if (byte !== LF) continue;
      this.lineFeeds += 1;
      this.behindLineFeed = i + 1 - begin;
    }
    this.#length = end - begin;
  }
}
