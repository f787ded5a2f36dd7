import { createRandom } from './random.js';

/** FNV-1a's constants, 32 bit. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** `values` in an order that `seed` and `key` (an item's id) decide, the same on any machine (Fisher-Yates). */
export function shuffled<T>(values: readonly T[], seed: number, key: string): T[] {
  const random = createRandom(hashOf(`${seed}/${key}`));
  const left = [...values];
  return values.flatMap(() => left.splice(random(left.length), 1));
}

function hashOf(text: string): number {
  return [...Buffer.from(text)].reduce((hash, byte) => Math.imul(hash ^ byte, PRIME), OFFSET);
}
