import { createHash } from 'node:crypto';

/**
 * The places 0 to `count` - 1 in an order that `seed` alone decides, on every machine: Fisher-Yates from the last place
 * down to the second, each swapped with a place up to its own that xoshiro128** (Blackman and Vigna 2018) draws without
 * bias. Its state is the first 16 bytes of SHA-256 over the seed's decimal digits, as four little-endian words.
 */
export function shuffledOrder(seed: number, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) order[i] = i;
  const next = xoshiro128(seed);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = below(next, i + 1);
    const held = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = held;
  }
  return order;
}

/** Uniform in [0, bound): draws from the uneven end of the range are thrown away. */
function below(next: () => number, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let value = next();
  while (value >= limit) value = next();
  return value % bound;
}

function xoshiro128(seed: number): () => number {
  const digest = createHash('sha256').update(String(seed)).digest();
  let [a, b, c, d] = [
    digest.readInt32LE(0),
    digest.readInt32LE(4),
    digest.readInt32LE(8),
    digest.readInt32LE(12),
  ];
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
