import { describe, expect, it } from 'vitest';
import { chooseFiles } from './hub-files.js';
import type { HubFile } from './hub-files.js';

const file = (path: string): HubFile => ({ path, size: 1, hash: { algorithm: 'sha256', digest: '' } });
const choose = (paths: string[], include?: string[]): string[] =>
  chooseFiles(paths.map(file), include).map(({ path }) => path);

const SAFETENSORS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
const PYTORCH = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'];
const CONFIG = ['config.json', 'tokenizer.model'];

describe('chooseFiles', () => {
  it.each<[string, string[], string[]]>([
    [
      'safetensors before PyTorch',
      [...CONFIG, 'model.safetensors.index.json', ...SAFETENSORS, 'pytorch_model.bin.index.json', ...PYTORCH],
      ['model.safetensors.index.json', ...SAFETENSORS],
    ],
    [
      'PyTorch where it is alone',
      [...CONFIG, 'pytorch_model.bin.index.json', ...PYTORCH, 'optimizer.pt', 'training_args.bin'],
      ['pytorch_model.bin.index.json', ...PYTORCH],
    ],
    ['one file', [...CONFIG, 'model.safetensors', 'tf_model.h5', 'rust_model.ot'], ['model.safetensors']],
    [
      'the index where one file is there too',
      [...CONFIG, 'model.safetensors', 'model.safetensors.index.json', ...SAFETENSORS],
      ['model.safetensors.index.json', ...SAFETENSORS],
    ],
    [
      'an index whose shards are not there: the one file',
      [...CONFIG, 'model.safetensors.index.json', 'model.safetensors'],
      ['model.safetensors'],
    ],
    [
      'of a second set: nothing',
      [...CONFIG, 'model.safetensors', 'model.fp16.safetensors'],
      ['model.safetensors'],
    ],
  ])('takes weights once: %s', (_, paths, weights) => {
    expect(choose(paths).filter((path) => !CONFIG.includes(path))).toEqual(weights);
    expect(choose(paths)).toEqual(expect.arrayContaining(CONFIG));
  });

  it('takes what a tokenizer reads, and models in folders of their own', () => {
    const needed = [
      'added_tokens.json',
      'chat_template.jinja',
      'merges.txt',
      'tokenizer.json',
      'clip/config.json',
      'clip/pytorch_model.bin',
    ];
    const others = ['README.md', '.cache/config.json', 'images/a.png', 'runs/config.json', 'clip/a.bin'];
    const more = ['checkpoint-500/config.json', 'onnx/config.json', 'notes/readme.json', 'requirements.txt'];
    expect(choose([...needed, ...others, ...more]).sort()).toEqual(needed.sort());
  });

  it.each([
    [['*.json'], ['a.json', 'b/c.json']],
    [['b/*'], ['b/c.json', 'b/d.bin']],
    [
      ['?.json', '*.bin'],
      ['a.json', 'b/d.bin'],
    ],
    [['a+json', 'a.json'], ['a.json']],
  ])('takes what %j names', (include, expected) => {
    expect(choose(['a.json', 'axjson', 'b/c.json', 'b/d.bin'], include)).toEqual(expected);
  });

  it('refuses to fetch nothing', () => {
    expect(() => choose(['README.md'])).toThrow(
      /of a checkpoint, got 1 others.*--include.*NOTHING_TO_DOWNLOAD/,
    );
    expect(() => choose(['README.md'], ['*.json'])).toThrow(/like \*\.json.*NOTHING_TO_DOWNLOAD/);
  });
});
