import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHash, toolsOf } from './code-hash.js';

let folder: string;
const write = (path: string, text: string) => {
  const file = join(folder, 'node_modules/@flexattn', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const hash = () => codeHash('@flexattn/a', join(folder, 'index.js'), new Map());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-code-'));
  write(
    'a/package.json',
    JSON.stringify({ name: '@flexattn/a', dependencies: { '@flexattn/b': '1.0.0', zod: '4.0.0' } }),
  );
  write('b/package.json', JSON.stringify({ name: '@flexattn/b' }));
  write('a/dist/index.js', 'a');
  write('b/dist/index.js', 'b');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('codeHash', () => {
  it.each([
    ['its own code', () => write('a/dist/index.js', 'changed')],
    ['code of a lib of ours that it uses', () => write('b/dist/index.js', 'changed')],
    ['its Python', () => write('a/python/model.py', 'changed')],
    ['a new file', () => write('a/dist/more.js', '')],
    [
      'the version of a dependency',
      () =>
        write('a/package.json', JSON.stringify({ dependencies: { '@flexattn/b': '1.0.0', zod: '4.0.1' } })),
    ],
  ])('changes with %s', (_what, change) => {
    const before = hash();
    change();
    expect(hash()).not.toBe(before);
  });

  it.each([
    ['a document', () => write('a/README.md', 'changed')],
    ['declarations and source maps', () => write('a/dist/index.d.ts', 'changed')],
  ])('stays with %s', (_what, change) => {
    const before = hash();
    change();
    expect(hash()).toBe(before);
  });
});

describe('toolsOf', () => {
  it('names the major version of Node and the code of the lib', () => {
    expect(toolsOf('@flexattn/stage')).toEqual({
      node: process.versions.node.split('.')[0],
      '@flexattn/stage': codeHash('@flexattn/stage'),
    });
  });
});
