import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkpointFolders,
  CONFIG,
  decoderTensors,
  EXTRA,
  tensor,
  visionTensors,
} from '../checkpoint.fixture.js';
import type { CheckpointParts } from '../checkpoint.fixture.js';
import { VISION_PREFIX } from '../expected-tensors.js';
import { toFloat32 } from '../float32.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { openCheckpoint } from './open-checkpoint.js';

const GOLDEN = new URL('../../golden/selects-nothing', import.meta.url).pathname;
const INDEX = 'model.safetensors.index.json';
const { root, path, fresh } = checkpointFolders();

describe('openCheckpoint', () => {
  it('opens a golden model and reads its tensors', async () => {
    const checkpoint = await openCheckpoint(GOLDEN);
    expect(checkpoint.config).toMatchObject({
      hidden_size: 32,
      num_hidden_layers: 11,
      extra: { threshold: 255 },
    });
    expect(checkpoint.config.vision).toMatchObject({ hidden_size: 16, image_size: 126 });
    expect(checkpoint.files).toEqual(['model.safetensors']);
    expect(checkpoint.tensors.size).toBe(167);
    const norm = await checkpoint.read('model.norm.weight');
    const info = checkpoint.tensors.get('model.norm.weight');
    const file = readFileSync(join(GOLDEN, 'model.safetensors'));
    expect([...norm.data]).toEqual([...file.subarray(info?.byteOffset, (info?.byteOffset ?? 0) + 128)]);
    expect(norm.view).toBeInstanceOf(Float32Array);
    expect(norm.view).toEqual(toFloat32(norm));
    expect((await checkpoint.slice('model.norm.weight', 3, 5)).view).toEqual(norm.view.slice(3, 5));
  });

  it.each([1, 3])('presents the same tensors from %i weight files', async (shards) => {
    const tensors = decoderTensors();
    const checkpoint = await openCheckpoint(fresh({ tensors, shards }));
    for (const [name, expected] of tensors) expect(await checkpoint.read(name)).toMatchObject(expected);
    expect(checkpoint.files).toHaveLength(shards + 1);
  });

  it('presents the vision tower of its own folder under its names in a checkpoint', async () => {
    const text = new Map([['text_model.final_layer_norm.weight', tensor('t', [4], 'F32')]]);
    const tower = writeSafetensors(new Map([...visionTensors(), ...text]));
    const checkpoint = await openCheckpoint(fresh({ files: { 'clip/model.safetensors': tower } }));
    const name = 'vision_model.encoder.layers.0.mlp.fc1.weight';
    expect(checkpoint.tensors.get(VISION_PREFIX + name)).toMatchObject({ file: 'clip/model.safetensors' });
    expect(await checkpoint.read(VISION_PREFIX + name)).toMatchObject(visionTensors().get(name) ?? {});
    expect([...checkpoint.tensors.keys()].filter((key) => key.includes('text_model'))).toEqual([]);
  });

  it('prefers the vision tower in the checkpoint, which may be fine-tuned', async () => {
    const tensors = new Map([...decoderTensors(), ...visionTensors(VISION_PREFIX)]);
    const checkpoint = await openCheckpoint(fresh({ tensors }));
    expect(checkpoint.files).toEqual(['model.safetensors']);
    const name = `${VISION_PREFIX}vision_model.pre_layrnorm.bias`;
    expect(await checkpoint.read(name)).toMatchObject(tensors.get(name) ?? {});
  });

  it('opens a vision tower at an absolute path', async () => {
    const tower = join(fresh(), 'clip');
    const dir = fresh({ config: { ...CONFIG, mm_vision_tower: tower } });
    const checkpoint = await openCheckpoint(dir);
    const name = `${VISION_PREFIX}vision_model.pre_layrnorm.bias`;
    expect(checkpoint.tensors.get(name)?.file).toBe(join(tower, 'model.safetensors'));
    expect((await checkpoint.read(name)).shape).toEqual([4]);
  });

  it('opens a checkpoint whose vision tower is a hub id, without it', async () => {
    const config = { ...CONFIG, mm_vision_tower: 'openai/clip-vit-large-patch14-336' };
    const checkpoint = await openCheckpoint(fresh({ config }));
    expect(checkpoint.config).not.toHaveProperty('vision');
    expect(checkpoint.files).toEqual(['model.safetensors']);
  });

  it('follows links to weights, as in the cache of the hub', async () => {
    const dir = fresh();
    const blob = path();
    writeFileSync(blob, readFileSync(join(dir, 'model.safetensors')));
    rmSync(join(dir, 'model.safetensors'));
    symlinkSync(blob, join(dir, 'model.safetensors'));
    expect((await openCheckpoint(dir)).tensors.has('lm_head.weight')).toBe(true);
  });

  it('gives tensors of its own: changing one changes nothing in the checkpoint', async () => {
    const checkpoint = await openCheckpoint(GOLDEN);
    const first = await checkpoint.read('model.norm.weight');
    first.shape.push(7);
    first.data.fill(0);
    const second = await checkpoint.read('model.norm.weight');
    expect(second.shape).toEqual([32]);
    expect(second.data.some((byte) => byte !== 0)).toBe(true);
  });

  it('refuses to read a tensor that is not there, or a file that has shrunk', async () => {
    const dir = fresh();
    const checkpoint = await openCheckpoint(dir);
    await expect(checkpoint.read('nothing')).rejects.toThrow(/\[nothing\]: .*TENSOR_MISSING/);
    truncateSync(join(dir, 'model.safetensors'), 5000);
    // The last tensor of the file: natural order puts it behind all others of its dtype.
    await expect(checkpoint.read('model.norm.weight')).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
  });
});

const without = (path: string, parts?: CheckpointParts): string => {
  const dir = fresh(parts);
  rmSync(join(dir, path), { recursive: true });
  return dir;
};
const indexed = (weight_map: Record<string, string>): string =>
  without('model.safetensors', { files: { [INDEX]: JSON.stringify({ weight_map }) } });

/** Two shards whose index is changed. */
function reindexed(
  change: (map: Record<string, string>) => Record<string, string>,
  files: Record<string, Uint8Array> = {},
): string {
  const dir = fresh({ shards: 2, files });
  const { weight_map } = JSON.parse(readFileSync(join(dir, INDEX), 'utf8')) as {
    weight_map: Record<string, string>;
  };
  writeFileSync(join(dir, INDEX), JSON.stringify({ weight_map: change(weight_map) }));
  return dir;
}

describe('openCheckpoint refuses', () => {
  it.each<[string, () => string, RegExp]>([
    ['a missing folder', () => join(root(), 'nowhere'), /nowhere: no such folder.*FOLDER_MISSING/],
    ['a file', () => join(fresh(), 'config.json'), /got a file.*NOT_A_CHECKPOINT/],
    ['a folder without config.json', () => without('config.json'), /config\.json.*CONFIG_MISSING/],
    [
      'text that is not JSON',
      () => fresh({ files: { 'config.json': '{"a": }' } }),
      /config\.json: .*line 1.*BAD_JSON/,
    ],
    ['a key twice', () => fresh({ files: { 'config.json': '{"a": 1, "a": 2}' } }), /BAD_JSON/],
    ['another model', () => fresh({ config: { model_type: 'bert' } }), /"bert".*NOT_A_CHECKPOINT/],
    ['a folder without weights', () => without('model.safetensors'), /got none; .*NO_WEIGHTS/],
    [
      'shards without their index',
      () => {
        const dir = fresh({ shards: 2 });
        rmSync(join(dir, INDEX));
        return dir;
      },
      /expected model\.safetensors\.index\.json beside model-00001-of-00002\.safetensors.*NO_WEIGHTS/,
    ],
    [
      'PyTorch shards without their index',
      () => without('model.safetensors', { files: { 'pytorch_model-00001-of-00002.bin': 'PK' } }),
      /expected pytorch_model\.bin\.index\.json beside pytorch_model-00001-of-00002\.bin.*NO_WEIGHTS/,
    ],
    [
      'a pickle of a training run',
      () => without('model.safetensors', { files: { 'last.ckpt': 'PK' } }),
      /got last\.ckpt.*save its state dict with safetensors.*PYTORCH_WEIGHTS/,
    ],
    [
      'a file beside an index',
      () => fresh({ files: { [INDEX]: '{"weight_map": {}}' } }),
      /got both.*AMBIGUOUS/,
    ],
    ['an index of nothing', () => indexed({}), /got none.*BAD_INDEX/],
    [
      'an index of an absent file',
      () => indexed({ a: 'model-00001-of-00001.safetensors' }),
      /\d\/model-00001-of-00001\.safetensors: expected this file, which model.safetensors.index.json names.*SHARD_MISSING/,
    ],
    [
      'two indexes',
      () => fresh({ shards: 2, files: { 'model.fp16.safetensors.index.json': '{}' } }),
      /expected one index, got .* and model\.fp16\.safetensors\.index\.json.*AMBIGUOUS_WEIGHTS/,
    ],
    ['an index that leaves the folder', () => indexed({ a: '../model.safetensors' }), /BAD_INDEX/],
    [
      'a tensor that its shard does not hold',
      () => reindexed((map) => ({ ...map, 'lm_head.weight': 'model-00001-of-00002.safetensors' })),
      /lm_head\.weight\]: .*model-00001-of-00002.*TENSOR_NOT_IN_SHARD/,
    ],
    [
      'a tensor that the index leaves out',
      () =>
        reindexed((map) =>
          Object.fromEntries(Object.entries(map).filter(([name]) => name !== 'lm_head.weight')),
        ),
      /lm_head\.weight\]: .*TENSOR_NOT_IN_INDEX/,
    ],
    [
      'a tensor in two shards',
      () => {
        const extra = writeSafetensors(decoderTensors());
        return reindexed((map) => ({ ...map, 'lm_head.weight': 'more.safetensors' }), {
          'more.safetensors': extra,
        });
      },
      /TENSOR_IN_TWO_SHARDS/,
    ],
    [
      'a file without its end',
      () => {
        const dir = fresh();
        truncateSync(join(dir, 'model.safetensors'), 9000);
        return dir;
      },
      /model\.safetensors.*FILE_TRUNCATED/,
    ],
    [
      'a projection of another shape',
      () => {
        const name = 'model.layers.4.self_attn.k_proj.weight';
        return fresh({ tensors: decoderTensors().set(name, tensor(name, [8, 8], 'F16')) });
      },
      /layers\.4\.self_attn\.k_proj\.weight\]: .*\[4, 8\], got \[8, 8\].*SHAPE_MISMATCH/,
    ],
    [
      'a tower without config.json',
      () => without('clip/config.json'),
      /clip: .*vision tower.*CONFIG_MISSING/,
    ],
    ['a tower outside', () => fresh({ config: { ...CONFIG, mm_vision_tower: '../clip' } }), /PATH_ESCAPE/],
    [
      'another size than the tower takes',
      () => fresh({ config: { ...CONFIG, extra: { ...EXTRA, lowres_size: '12', highres_size: '36' } } }),
      /extra\.lowres_size\]: expected 6 .*got 12.*BAD_CONFIG/,
    ],
    [
      'a folder in place of the weights',
      () => {
        const dir = without('model.safetensors');
        mkdirSync(join(dir, 'model.safetensors'));
        return dir;
      },
      /model\.safetensors.*NOT_A_FILE/,
    ],
  ])('%s', async (_, make, message) => {
    const refusal = openCheckpoint(make());
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toHaveProperty('exitCode', 2);
  });

  it.skipIf(process.getuid?.() === 0)('weights that it may not read', async () => {
    const dir = fresh();
    chmodSync(join(dir, 'model.safetensors'), 0);
    await expect(openCheckpoint(dir)).rejects.toThrow(/model\.safetensors.*FILE_UNREADABLE/);
  });
});
