/** Four words of 32 bits, not all of them zero. */
type XoshiroState = readonly [number, number, number, number];

/**
 * A stream of pseudo-random integers in [0, 2^32), xoshiro128** (Blackman and Vigna 2018): the same on every machine,
 * as only 32-bit integer arithmetic takes part. Not for secrets.
 */
export function xoshiro128(state: XoshiroState): () => number {
  let [a, b, c, d] = state;
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

/**
 * The next integer of such a stream as one in [0, bound), each equally likely: draws from the uneven end are thrown
 * away. `bound` is 1 to 2^32.
 */
export function drawBelow(next: () => number, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let value = next();
  while (value >= limit) value = next();
  return value % bound;
}
