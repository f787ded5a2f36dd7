const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A sample's JSON on one line: white space between its tokens goes where it holds a line feed, and all else stays.
 * `bytes` must be valid JSON.
 */
export function oneLine(bytes: Uint8Array): Uint8Array {
  const line = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length;) {
    const end = isSpace(bytes[i]) ? endOfSpace(bytes, i) : bytes[i] === QUOTE ? endOfString(bytes, i) : i + 1;
    const part = bytes.subarray(i, end);
    if (!isSpace(bytes[i]) || !part.includes(0x0a)) {
      line.set(part, length);
      length += part.length;
    }
    i = end;
  }
  return line.subarray(0, length);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endOfSpace(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length && isSpace(bytes[i])) i += 1;
  return i;
}

function endOfString(bytes: Uint8Array, from: number): number {
  let i = from + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i + 1;
}
