import { describe, expect, it } from 'vitest';
import type { Geometry } from './geometry.js';
import { HighKeyValues } from './high-key-values.js';

/** 9 x 9 high-res tokens, so one a region; layer 1 is the only one above F. */
const geometry = {
  selection: 'attention',
  layers: 2,
  firstSelectingLayer: 0,
  kvHeads: 2,
  headDim: 1,
  hd: 9,
} as Geometry;

describe('HighKeyValues', () => {
  it('keeps every region at its place and counts the bytes in use', () => {
    const kept = new HighKeyValues(geometry);
    expect([[...kept.layers.keys()], kept.bytes]).toEqual([[1], 0]);
    kept.add(1, [3, 80], Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8));
    const layer = kept.layers.get(1);
    expect(
      [...(layer?.known.entries() ?? [])].filter(([, flag]) => flag === 1).map(([region]) => region),
    ).toEqual([3, 80]);
    expect([...(layer?.k.subarray(6, 8) ?? []), ...(layer?.v.subarray(160) ?? [])]).toEqual([1, 2, 7, 8]);
    expect(kept.bytes).toBe(2 * 2 * 2 * 4);
  });

  it('counts a region once, also where two steps at the same time projected it', () => {
    const kept = new HighKeyValues(geometry);
    for (let step = 0; step < 2; step++) kept.add(1, [3], Float32Array.of(1, 2), Float32Array.of(5, 6));
    expect(kept.bytes).toBe(2 * 2 * 4);
  });

  it('refuses a layer that attends to no high-res tokens', () => {
    expect(() => new HighKeyValues(geometry).add(0, [], new Float32Array(0), new Float32Array(0))).toThrow(
      'layer 0 has no high-res keys',
    );
  });
});
