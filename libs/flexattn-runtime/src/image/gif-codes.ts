/** Codes have at most 12 bits, so a table of this size is never outgrown (GIF89a, appendix F). */
const TABLE_SIZE = 4096;
const [MIN_CODE_BITS, MAX_CODE_BITS] = [2, 8];

/**
 * Expands the LZW codes of one GIF frame.
 *
 * @param at - of the byte with the initial code size; sub-blocks follow it
 * @returns `count` palette indices in the order of the codes
 * @throws Error where the codes are damaged or too few
 */
export function readGifCodes(view: DataView, at: number, count: number): Uint8Array {
  const bits = at < view.byteLength ? view.getUint8(at) : 0;
  if (bits < MIN_CODE_BITS || bits > MAX_CODE_BITS) {
    throw new Error(`GIF codes of ${bits} bits, where ${MIN_CODE_BITS} to ${MAX_CODE_BITS} are expected`);
  }
  const codes = codeReader(joinBlocks(view, at + 1));
  const out = new Uint8Array(count);
  // Every table entry is a stretch of what was written before: where it begins and how long it is.
  const begins = new Int32Array(TABLE_SIZE);
  const lengths = new Int32Array(TABLE_SIZE);
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  let [next, width, written, previous] = [end + 1, bits + 1, 0, -1];
  while (written < count) {
    const code = codes(width);
    if (code === undefined || code === end) break;
    if (code === clear) {
      [next, width, previous] = [end + 1, bits + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0)) throw new Error(`a GIF code ${code} beyond ${next}`);
    // The stretch of the previous code and one more pixel, which is written just below, becomes an entry.
    if (previous >= 0 && next < TABLE_SIZE) {
      begins[next] = previous;
      lengths[next] = written - previous + 1;
      next++;
      if (next === 1 << width && width < 12) width++;
    }
    previous = written;
    if (code < clear) {
      out[written++] = code;
    } else {
      const from = begins[code] ?? 0;
      const length = lengths[code] ?? 0;
      for (let place = 0; place < length && written < count; place++) {
        out[written++] = out[from + place] ?? 0;
      }
    }
  }
  if (written < count) throw new Error(`GIF codes of ${written} pixels for a frame of ${count}`);
  return out;
}

/** The bytes of a chain of sub-blocks, as far as the file has them. */
function joinBlocks(view: DataView, at: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const length = at < view.byteLength ? view.getUint8(at) : 0;
    if (length === 0) return Buffer.concat(parts);
    const room = Math.min(length, view.byteLength - at - 1);
    parts.push(new Uint8Array(view.buffer, view.byteOffset + at + 1, room));
    at += 1 + length;
  }
}

/** Reads codes, least significant bit first; undefined behind the last one. */
function codeReader(bytes: Uint8Array): (width: number) => number | undefined {
  let [at, held, filled] = [0, 0, 0];
  return (width) => {
    while (filled < width) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      held |= byte << filled;
      filled += 8;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    filled -= width;
    return code;
  };
}
