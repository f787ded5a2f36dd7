import { describe, expect, it } from 'vitest';
import type { Geometry } from './geometry.js';
import { memoryNeeded, requireMemory } from './memory.js';

const geometry = { layers: 32, kvHeads: 32, headDim: 128, size: 24 } as Geometry;
const sizes = { geometry, weightBytes: 27e9 };

describe('requireMemory', () => {
  it('counts weights, keys and values, and what is kept', () => {
    const keyValues = 2 * 32 * 4096 * 4 * (576 + 512);
    expect(memoryNeeded(sizes, 1e9)).toBe(27e9 + keyValues + 1e9 + 2 ** 29);
  });

  it('takes a model that fits and refuses one that does not, with both numbers', () => {
    const needed = memoryNeeded(sizes, 0);
    expect(() => requireMemory(sizes, 0, needed)).not.toThrow();
    expect(() => requireMemory(sizes, 0, needed - 1)).toThrow(
      'needs 28.7 GB, 28.7 GB free; use --precision int8 or int4, or another machine (OUT_OF_MEMORY)',
    );
  });
});
