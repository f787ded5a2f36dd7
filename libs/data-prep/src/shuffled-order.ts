import { createHash } from 'node:crypto';
import { drawBelow, xoshiro128 } from '@flexattn/stage';

/**
 * The places 0 to `count` - 1 in an order that `seed` alone decides, on every machine: Fisher-Yates from the last place
 * down to the second, each swapped with a place up to its own that xoshiro128** (Blackman and Vigna 2018) draws without
 * bias. Its state is the first 16 bytes of SHA-256 over the seed's decimal digits, as four little-endian words.
 */
export function shuffledOrder(seed: number, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) order[i] = i;
  const next = randomStream(seed);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = drawBelow(next, i + 1);
    const held = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = held;
  }
  return order;
}

function randomStream(seed: number): () => number {
  const digest = createHash('sha256').update(String(seed)).digest();
  return xoshiro128([
    digest.readInt32LE(0),
    digest.readInt32LE(4),
    digest.readInt32LE(8),
    digest.readInt32LE(12),
  ]);
}
