import { describe, expect, it } from 'vitest';
import type { TensorInfo } from './tensor-info.js';
import { unwrapNames } from './tensor-names.js';

const tensors = (...names: string[]) =>
  new Map(names.map((name): [string, TensorInfo] => [name, { name } as TensorInfo]));
const K = 'layers.0.self_attn.k_proj.weight';
const TOWER = `model.vision_tower.vision_tower.vision_model.encoder.${K}`;

describe('unwrapNames', () => {
  it('leaves the names of a LLaVA checkpoint', () => {
    const own = tensors(`model.${K}`, 'lm_head.weight', TOWER);
    expect(unwrapNames(own, 'model.', 'dir')).toEqual({ wrapper: '', tensors: own });
  });

  it('takes a wrapper off every name, and keeps the names of the file', () => {
    const own = tensors(`base.model.model.${K}`, 'base.model.lm_head.weight', 'other');
    const { wrapper, tensors: named } = unwrapNames(own, 'base.model.model.', 'dir');
    expect(wrapper).toBe('base.model.');
    expect([...named.keys()]).toEqual([`model.${K}`, 'lm_head.weight', 'other']);
    expect(named.get('lm_head.weight')?.name).toBe('base.model.lm_head.weight');
  });

  it('names the prefixes that there are', () => {
    const own = tensors(`module.model.${K}`, TOWER);
    expect(() => unwrapNames(own, 'model.', 'dir')).toThrow(
      /^dir: .*under "model\.", got them under "module\.model\."; .*flexattn init --from.*BAD_PREFIX/,
    );
    expect(() => unwrapNames(own, 'module.', 'dir')).toThrow(
      /ends with "model\.", got "module\." \(.*under "module\.model\."\).*BAD_PREFIX/,
    );
    expect(unwrapNames(own, 'module.model.', 'dir').wrapper).toBe('module.');
  });
});
