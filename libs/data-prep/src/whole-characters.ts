/** A chunk without the parts of characters that are cut at its ends. */
export function wholeCharacters(chunk: Uint8Array): Uint8Array {
  let begin = 0;
  while (begin < Math.min(3, chunk.length) && isContinuation(chunk[begin])) begin += 1;
  let lead = chunk.length - 1;
  while (lead > Math.max(begin, chunk.length - 4) && isContinuation(chunk[lead])) lead -= 1;
  const first = chunk[lead] ?? 0;
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return chunk.subarray(begin, lead + length > chunk.length ? Math.max(lead, begin) : chunk.length);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
