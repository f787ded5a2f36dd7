import { describe, expect, it } from 'vitest';
import { mergeExtra } from './config-text.js';

const merge = (text: string, extra: Record<string, string>): string => mergeExtra(text, extra, 'config.json');

describe('mergeExtra', () => {
  it('replaces and appends keys and keeps everything else as it is written', () => {
    const text =
      '{\n  "rms_norm_eps": 1e-05,\n  "extra": {\n    "warmup": "3", "scale": 1.50\n  },\n  "b": [1,2]\n}\n';
    expect(merge(text, { zoom_ratio: '3', warmup: '10' })).toBe(
      '{\n  "rms_norm_eps": 1e-05,\n  "extra": {\n    "warmup": "10",\n    "scale": 1.50,\n    "zoom_ratio": "3"\n  },\n  "b": [1,2]\n}\n',
    );
  });

  it('appends an extra in the indentation of the file', () => {
    expect(merge('{\n\t"a": 1\n}', { k: 'v' })).toBe('{\n\t"a": 1,\n\t"extra": {\n\t\t"k": "v"\n\t}\n}');
    expect(merge('{\r\n  "a": 1\r\n}', { k: 'v' })).toBe(
      '{\r\n  "a": 1,\r\n  "extra": {\r\n    "k": "v"\r\n  }\r\n}',
    );
    expect(merge('{"a":1}', { k: 'v', j: 'u' })).toBe('{"a":1, "extra": {"j": "u", "k": "v"}}');
  });

  it('does not take a nested extra for its own', () => {
    const text = '{"a": {"extra": {}}, "b": 1}';
    expect(JSON.parse(merge(text, { k: 'v' }))).toEqual({ a: { extra: {} }, b: 1, extra: { k: 'v' } });
  });

  it.each([
    ['nothing to merge', '{ "a":1 }', {}],
    ['values that are there already', '{"extra" :{ "k" :"v" },"a":1}', { k: 'v' }],
  ])('changes nothing for %s', (_, text, extra) => {
    expect(merge(text, extra)).toBe(text);
  });

  it('writes the same for any order of keys', () => {
    expect(merge('{"a": 1}', { x: '1', y: '2' })).toBe(merge('{"a": 1}', { y: '2', x: '1' }));
  });

  it('escapes values', () => {
    expect(JSON.parse(merge('{"a": 1}', { 'k"': '$&\n' }))).toEqual({ a: 1, extra: { 'k"': '$&\n' } });
  });

  it.each([['[]'], ['{"extra": [1]}'], ['{"extra": "text"}'], ['{"a": }']])('refuses %s', (text) => {
    expect(() => merge(text, { k: 'v' })).toThrow(/^config\.json: .*BAD_CONFIG/);
  });
});
