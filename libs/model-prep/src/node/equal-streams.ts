/** Do both give the same bytes, however they are cut into pieces? Ends both. */
export async function equalStreams(
  a: AsyncGenerator<Uint8Array, undefined>,
  b: AsyncGenerator<Uint8Array, undefined>,
  signal?: AbortSignal,
): Promise<boolean> {
  let left: Uint8Array = new Uint8Array();
  let right: Uint8Array = new Uint8Array();
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (left.byteLength === 0) left = (await a.next()).value ?? left;
      if (right.byteLength === 0) right = (await b.next()).value ?? right;
      const length = Math.min(left.byteLength, right.byteLength);
      if (length === 0) return left.byteLength === right.byteLength;
      if (Buffer.compare(left.subarray(0, length), right.subarray(0, length)) !== 0) return false;
      left = left.subarray(length);
      right = right.subarray(length);
    }
  } finally {
    await Promise.all([a.return(undefined), b.return(undefined)]);
  }
}
