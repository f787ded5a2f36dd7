import { describe, expect, it } from 'vitest';
import { configLayers, mergeLayers, withValue } from './config-layers.js';

const files: Record<string, object> = {
  '/c/base.json': { train: { steps: 200, freeze: ['vision_tower'] }, models: [{ name: 'a' }] },
  '/c/own.json': { extends: './base.json', train: { steps: 4 } },
  '/c/third.json': { extends: 'own', train: { freeze: [] }, models: [{ name: 'b' }] },
  '/c/circle.json': { extends: './circle' },
  '/c/number.json': { extends: 3 },
  '/c/list.json': [],
};
const merged = async (file: string) =>
  mergeLayers(
    await configLayers(file, {
      read: (path) => Promise.resolve(JSON.stringify(files[path])),
      parse: (text) => JSON.parse(text) as unknown,
      refuse: (what, path) => new Error(`${path}: ${what}`),
    }),
  );

describe('configLayers', () => {
  it.each([
    ['/c/base.json', files['/c/base.json']],
    ['/c/own.json', { train: { steps: 4, freeze: ['vision_tower'] }, models: [{ name: 'a' }] }],
    ['/c/third.json', { train: { steps: 4, freeze: [] }, models: [{ name: 'b' }] }],
  ])('%s says what it and its bases say, the later over the earlier', async (file, value) => {
    expect(await merged(file)).toEqual(value);
  });

  it.each([
    ['/c/circle.json', 'it extends itself'],
    ['/c/number.json', 'extends: expected the path of a configuration'],
    ['/c/list.json', 'expected an object'],
  ])('refuses %s: %s', async (file, what) => {
    await expect(merged(file)).rejects.toThrow(`${file}: ${what}`);
  });
});

describe('withValue', () => {
  const config = { train: { steps: 1 }, models: [{ name: 'a' }, { name: 'b' }] };
  it.each([
    [['train', 'steps'], 2, { ...config, train: { steps: 2 } }],
    [['models', '1', 'threshold'], 16, { ...config, models: [{ name: 'a' }, { name: 'b', threshold: 16 }] }],
    [['eval', 'seed'], 3, { ...config, eval: { seed: 3 } }],
  ])('sets %j to %j and leaves the rest', (path, value, expected) => {
    const before = structuredClone(config);
    expect(withValue(config, path, value)).toEqual(expected);
    expect(config).toEqual(before);
  });

  it.each([[['models', '2', 'name']], [['models', 'x']], [['train', 'steps', 'deeper']]])(
    'finds no way to %j',
    (path) => {
      expect(withValue(config, path, 1)).toBeUndefined();
    },
  );
});
