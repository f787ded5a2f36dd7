import { describe, expect, it } from 'vitest';
import { initState, pairProjections } from './high-res-projections.js';
import type { TensorInfo } from './tensor-info.js';

const info = (name: string): TensorInfo => ({
  name,
  dtype: 'F16',
  shape: [1],
  file: 'model.safetensors',
  byteOffset: 0,
  byteLength: 2,
});
const tensors = (...names: string[]) => new Map(names.map((name) => [name, info(name)]));
const layer = (i: number, name: string): string => `model.layers.${i}.self_attn.${name}`;

describe('pairProjections', () => {
  it('pairs k_proj and v_proj of every layer, and biases where there are some', () => {
    const pairs = pairProjections(
      2,
      tensors(
        ...[layer(0, 'k_proj.weight'), layer(0, 'k_proj.bias'), layer(0, 'v_proj.weight')],
        ...[layer(1, 'k_proj.weight'), layer(1, 'v_proj.weight'), layer(1, 'v_proj_hd.weight')],
      ),
    );
    expect(pairs.map(({ from, name, to }) => [from.name, name, to?.name])).toEqual([
      [layer(0, 'k_proj.weight'), layer(0, 'k_proj_hd.weight'), undefined],
      [layer(0, 'k_proj.bias'), layer(0, 'k_proj_hd.bias'), undefined],
      [layer(0, 'v_proj.weight'), layer(0, 'v_proj_hd.weight'), undefined],
      [layer(1, 'k_proj.weight'), layer(1, 'k_proj_hd.weight'), undefined],
      [layer(1, 'v_proj.weight'), layer(1, 'v_proj_hd.weight'), layer(1, 'v_proj_hd.weight')],
    ]);
  });

  it('leaves the vision tower alone', () => {
    const name = 'model.vision_tower.vision_tower.vision_model.encoder.layers.0.self_attn.k_proj.weight';
    expect(pairProjections(1, tensors(name))).toEqual([]);
  });
});

it.each([
  [4, 4, false, 'initialised'],
  [4, 0, false, 'already'],
  [4, 1, false, 'completed'],
  [4, 0, true, 'trained'],
] as const)('of %i projections %i missing, trained %j: %s', (total, missing, trained, state) => {
  expect(initState(total, missing, trained)).toBe(state);
});
