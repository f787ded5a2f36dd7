import { describe, expect, it } from 'vitest';
import type { Geometry } from './geometry.js';
import { gpuMemoryNeeded, hostMemoryNeeded, memoryNeeded, requireMemory } from './memory.js';

/** LLaVA-1.5-7B: 16-bit weights of 13.5 GB and a tower of 0.6 GB. */
const geometry = {
  ...{ layers: 32, heads: 32, kvHeads: 32, headDim: 128, size: 24, hd: 72 },
  ...{ selection: 'attention', firstSelectingLayer: 8 },
} as Geometry;
const vision = { stored: 0.6e9, loaded: 1.2e9 };
const steps = { geometry, weightBytes: { vision, decoder: { stored: 13.5e9, loaded: 27e9 } } };
const loop = { geometry, weightBytes: { vision, loop: { stored: 13.5e9, loaded: 27e9 } } };
const room = 2 ** 29;
const keyValues = (bytes: number) => 2 * 32 * 4096 * bytes * (576 + 512);
const highKeyValues = (bytes: number) => 2 * 23 * 4096 * bytes * 5184;
const scores = 3 * 32 * (576 + 512) ** 2 * 4;

describe('what a model needs', () => {
  it('is weights, keys and values, and what is kept', () => {
    expect(memoryNeeded(steps, 'steps', 1e9)).toBe(28.2e9 + keyValues(4) + 1e9 + room);
  });

  it('in the loop on the processor is all high-res keys too, and the weights as they are stored', () => {
    const needed = 28.2e9 + 14.1e9 + keyValues(4) + highKeyValues(4) + scores + room;
    expect(memoryNeeded(loop, 'loop', 0)).toBe(needed);
  });

  it('in graphs of a device is all high-res keys too, in 16 bits where it computes with them', () => {
    const step = { stored: 13.5e9, loaded: 27e9 };
    const device = { geometry, weightBytes: { plainVision: vision, step } };
    const wide = 28.2e9 + keyValues(4) + highKeyValues(4) + scores + room;
    expect(memoryNeeded(device, 'device', 0)).toBe(wide);
    const half = 1.2e9 + 13.5e9 + keyValues(2) + highKeyValues(2) + scores + room;
    expect(memoryNeeded(device, 'device', 0, true)).toBe(half);
  });

  it('on a GPU is the weights as they are stored, and keys and values of the same type', () => {
    const needed = 1.2e9 + 13.5e9 + keyValues(2) + highKeyValues(2) + scores + room;
    expect(gpuMemoryNeeded(loop)).toBe(needed);
    const float32 = { geometry, weightBytes: { vision, loop: { stored: 27e9, loaded: 27e9 } } };
    expect(gpuMemoryNeeded(float32)).toBe(1.2e9 + 27e9 + keyValues(4) + highKeyValues(4) + scores + room);
    expect(hostMemoryNeeded(1e9)).toBe(1e9 + room);
  });
});

describe('requireMemory', () => {
  it('takes a model that fits and refuses one that does not, with both numbers', () => {
    expect(() => requireMemory(28.7e9, 28.7e9)).not.toThrow();
    expect(() => requireMemory(28.7e9, 22.1e9)).toThrow(
      'needs 28.7 GB, 22.1 GB free; use --precision int8 or int4, or another machine (OUT_OF_MEMORY)',
    );
    expect(() => requireMemory(18e9, 16e9, ' of the GPU')).toThrow('needs 18.0 GB of the GPU, 16.0 GB free');
  });
});
