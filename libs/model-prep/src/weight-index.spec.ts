import { describe, expect, it } from 'vitest';
import type { SafetensorsHeader } from './safetensors-header.js';
import { checkWeightIndex, formatWeightIndex, parseWeightIndex, shardName } from './weight-index.js';

const header = (...names: string[]): SafetensorsHeader => ({
  dataStart: 8,
  metadata: new Map(),
  tensors: new Map(names.map((name) => [name, { name, dtype: 'F32', shape: [0], dataOffsets: [0, 0] }])),
});
const shards = (one: string[], two: string[]) =>
  new Map([
    ['1.safetensors', header(...one)],
    ['2.safetensors', header(...two)],
  ]);
const index = (weight_map: Record<string, string>) => ({ metadata: {}, weight_map });

describe('parseWeightIndex', () => {
  it('reads an index, with metadata or without', () => {
    const weight_map = { a: 'model-00001-of-00002.safetensors' };
    expect(parseWeightIndex({ weight_map }, 'i')).toEqual({ metadata: {}, weight_map });
    expect(parseWeightIndex({ metadata: { total_size: 1 }, weight_map }, 'i').metadata).toEqual({
      total_size: 1,
    });
  });

  it.each([
    ['../x.safetensors'],
    ['/x.safetensors'],
    ['sub/x.safetensors'],
    ['sub\\x.safetensors'],
    ['C:x.safetensors'],
    ['./x.safetensors'],
    ['.safetensors'],
    ['x\0.safetensors'],
    ['pytorch_model.bin'],
    [''],
    [7],
  ])('refuses %j as the name of a shard', (file) => {
    expect(() => parseWeightIndex({ weight_map: { a: file } }, 'i')).toThrow(
      /^i\[weight_map\.a\]: .*BAD_INDEX/,
    );
  });

  it.each([[{}], [{ weight_map: [] }], [[]], [{ weight_map: {}, metadata: 7 }]])('refuses %j', (content) => {
    expect(() => parseWeightIndex(content, 'i')).toThrow(/BAD_INDEX/);
  });
});

describe('checkWeightIndex', () => {
  const good = index({ a: '1.safetensors', b: '2.safetensors' });

  it('accepts shards that hold what the index says', () => {
    expect(() => checkWeightIndex(good, shards(['a'], ['b']), 'dir/i.json')).not.toThrow();
  });

  it.each([
    [
      'a tensor that no shard holds',
      shards(['a'], []),
      /^dir\/i\.json\[b\]: .*2\.safetensors.*TENSOR_NOT_IN_SHARD/,
    ],
    ['a tensor in another shard', shards(['a', 'b'], []), /\[b\]: .*TENSOR_NOT_IN_SHARD/],
    [
      'a tensor in two shards',
      shards(['a', 'b'], ['b']),
      /^dir\/1\.safetensors\[b\]: .*2\.safetensors.*TENSOR_IN_TWO_SHARDS/,
    ],
    [
      'a tensor that the index does not name',
      shards(['a', 'c'], ['b']),
      /^dir\/1\.safetensors\[c\]: .*TENSOR_NOT_IN_INDEX/,
    ],
  ])('refuses %s', (_, found, message) => {
    expect(() => checkWeightIndex(good, found, 'dir/i.json')).toThrow(message);
  });
});

describe('formatWeightIndex', () => {
  it('counts total_size, keeps other metadata and orders names as people do', () => {
    const tensors = ['l.10', 'l.2', 'b'].map((name) => ({ name, file: shardName(0, 2), byteLength: 3 }));
    const text = formatWeightIndex(tensors, { total_size: 1, format: 'pt' });
    expect(JSON.parse(text)).toMatchObject({ metadata: { total_size: 9, format: 'pt' } });
    expect(text.match(/"(b|l\.\d+)"/g)).toEqual(['"b"', '"l.2"', '"l.10"']);
    expect(text).toContain('"l.2": "model-00001-of-00002.safetensors"');
  });
});
