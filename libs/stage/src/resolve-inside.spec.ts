import { describe, expect, it } from 'vitest';
import { resolveInside } from './resolve-inside.js';

const ESCAPES = [
  '..',
  '../',
  '../a',
  '..\\a',
  'a/../..',
  'a/../../b',
  'a\\..\\..\\b',
  'a/..\\../b',
  './../a',
  './/..//a',
  'a/b/../../../c',
  '/',
  '/etc/passwd',
  '//server/share',
  '\\',
  '\\etc',
  '\\\\server\\share',
  'C:',
  'C:\\a',
  'c:/a',
  'C:a',
  'z:..\\a',
  'a\0',
  'a\0/../b.jpg',
  '\0',
  '../root-sibling',
];

describe('resolveInside', () => {
  it.each(ESCAPES)('refuses %j', (name) => {
    expect(() => resolveInside('/data/root', name)).toThrow(
      expect.objectContaining({ code: 'PATH_ESCAPE', exitCode: 2 }),
    );
  });

  it.each(['', '.', './', 'a/..', 'a/../', '.\\'])('refuses %j, which is the folder itself', (name) => {
    expect(() => resolveInside('/data/root', name)).toThrow(
      `"${name}" is the folder /data/root; use a relative path inside it (PATH_ESCAPE)`,
    );
  });

  it.each([
    ['a.jpg', '/data/root/a.jpg'],
    ['coco/train2017/1.jpg', '/data/root/coco/train2017/1.jpg'],
    ['coco\\1.jpg', '/data/root/coco/1.jpg'],
    ['./a', '/data/root/a'],
    ['a/../b', '/data/root/b'],
    ['a//b', '/data/root/a/b'],
    ['..a', '/data/root/..a'],
    ['...', '/data/root/...'],
    ['a..b/c', '/data/root/a..b/c'],
    ['..a/../b', '/data/root/b'],
    ['.hidden', '/data/root/.hidden'],
    ['~/a', '/data/root/~/a'],
    ['%2e%2e/a', '/data/root/%2e%2e/a'],
    ['ab:c', '/data/root/ab:c'],
    ['a\nb', '/data/root/a\nb'],
    ['数据/é.png', '/data/root/数据/é.png'],
  ])('accepts %j', (name, path) => {
    expect(resolveInside('/data/root', name)).toBe(path);
  });

  it.each([
    ['relative', 'images', 'images/a'],
    ['current', '.', 'a'],
    ['parent', '..', '../a'],
    ['trailing slash', '/data/', '/data/a'],
  ])('joins to a %s root', (_, root, path) => {
    expect(resolveInside(root, 'a')).toBe(path);
  });

  it('names both sides', () => {
    expect(() => resolveInside('/data', '../x')).toThrow(
      '"../x" leaves the folder /data; use a relative path inside it (PATH_ESCAPE)',
    );
  });
});
