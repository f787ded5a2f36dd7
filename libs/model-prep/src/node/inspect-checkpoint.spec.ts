import { describe, expect, it } from 'vitest';
import {
  checkpointFolders,
  CONFIG,
  decoderTensors,
  EXTRA,
  tensor,
  visionTensors,
  withHighRes,
} from '../checkpoint.fixture.js';
import { VISION_PREFIX } from '../expected-tensors.js';
import { inspectCheckpoint } from './inspect-checkpoint.js';

const { fresh } = checkpointFolders();
const HD = 'model.layers.3.self_attn.v_proj_hd.weight';

describe('inspectCheckpoint', () => {
  it('groups tensors by module and layers, with shapes, dtypes and bytes', async () => {
    const { modules, tensors, bytes, files, format } = await inspectCheckpoint(fresh({ shards: 2 }));
    expect({ files, format }).toMatchObject({ files: { length: 3 }, format: 'safetensors' });
    expect(modules.map(({ name, tensors: count }) => [name, count])).toEqual([
      ['vision tower', 21],
      ['projector', 4],
      ['decoder', 11 * 9 + 3],
    ]);
    const decoder = modules.at(-1);
    expect(decoder?.groups.find(({ name }) => name.includes('k_proj'))).toEqual({
      name: 'model.layers.*.self_attn.k_proj.weight',
      dtype: 'F16',
      shape: [4, 8],
      count: 11,
      layers: [0, 10],
      parameters: 11 * 32,
      bytes: 11 * 64,
    });
    expect(tensors).toHaveLength(21 + 4 + 102);
    expect(bytes).toBe(tensors.reduce((sum, each) => sum + each.bytes, 0));
  });

  it('names PyTorch weights that are not read', async () => {
    const files = { 'pytorch_model.bin.index.json': '{}' };
    const { format, unread } = await inspectCheckpoint(fresh({ files }));
    expect({ format, unread }).toEqual({ format: 'safetensors', unread: Object.keys(files) });
    expect((await inspectCheckpoint(fresh())).unread).toEqual([]);
  });

  it.each([
    ['none', decoderTensors(), 0],
    ['partly', withHighRes(decoderTensors(), (name) => name.includes('.4.')), 2],
    ['initialised', withHighRes(decoderTensors()), 22],
    ['trained', withHighRes(decoderTensors()).set(HD, tensor('trained', [4, 8], 'F16')), 22],
  ])('tells projections that are %s', async (state, tensors, present) => {
    const { highRes, issues } = await inspectCheckpoint(fresh({ tensors }));
    expect(highRes).toEqual({
      state,
      present,
      expected: 22,
      missing: state === 'partly' ? highRes.missing : [],
      ...(state === 'trained' && { firstTrained: HD }),
    });
    expect(highRes.missing).toHaveLength(state === 'partly' ? 20 : 0);
    expect(highRes.missing.some((name) => name.includes('.4.'))).toBe(false);
    expect(issues).toEqual({ missing: [], misshapen: [], extra: [], layers: 11 });
  });

  it('counts what inference never reads: projections up to the first selecting layer, the end of the tower', async () => {
    const tensors = withHighRes(new Map([...decoderTensors(), ...visionTensors(VISION_PREFIX)]));
    const last = `${VISION_PREFIX}vision_model.post_layernorm.bias`;
    tensors.set(last, tensor(last, [4], 'F32')).set('rotary', tensor('rotary', [3], 'F32'));
    const config = { ...CONFIG, extra: { ...EXTRA, select_from_layer: '9' } };
    const { parameters, tensors: all, issues } = await inspectCheckpoint(fresh({ tensors, config }));
    const unused = all.filter(({ used }) => !used).map(({ name }) => name);
    expect(unused).toHaveLength(2 * 10 + 2);
    expect(unused).toEqual(
      expect.arrayContaining([last, 'rotary', 'model.layers.9.self_attn.k_proj_hd.weight']),
    );
    expect(parameters.unused).toBe(2 * 10 * 32 + 4 + 3);
    expect(parameters.all).toBeGreaterThan(parameters.unused);
    expect(issues.extra).toEqual(['rotary']);
  });

  it('lists what is missing, mis-shaped or too much, and refuses nothing', async () => {
    const tensors = decoderTensors();
    tensors.delete('model.norm.weight');
    const wrong = 'model.layers.4.mlp.up_proj.weight';
    tensors.set(wrong, tensor(wrong, [8, 12], 'F16'));
    const config = { ...CONFIG, num_hidden_layers: 10 };
    const { issues } = await inspectCheckpoint(fresh({ tensors, config }));
    expect(issues.missing).toEqual([{ name: 'model.norm.weight', expected: [8] }]);
    expect(issues.misshapen).toEqual([
      { name: wrong, file: 'model.safetensors', expected: [12, 8], got: [8, 12] },
    ]);
    expect(issues.layers).toBe(11);
    expect(issues.extra).toHaveLength(9);
  });

  it('tells statistics of every tensor when asked', async () => {
    const data = new Uint8Array(Float32Array.of(1, NaN, -3, 4, 0, 0, 0, 0).buffer);
    const tensors = decoderTensors().set('model.norm.weight', { dtype: 'F32', shape: [8], data });
    let read = 0;
    const advance = (bytes: number): void => void (read += bytes);
    const inspection = await inspectCheckpoint(fresh({ tensors }), { stats: true, advance });
    const norm = inspection.tensors.find(({ name }) => name === 'model.norm.weight');
    expect(norm?.stats).toEqual({ min: -3, max: 4, mean: 2 / 7, nan: 1 });
    expect(inspection.tensors.every(({ stats }) => stats !== undefined)).toBe(true);
    expect(read).toBe(inspection.bytes);
  });
});
