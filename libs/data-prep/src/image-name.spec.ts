import { describe, expect, it } from 'vitest';
import { leavesRoot, otherNames } from './image-name.js';

describe('leavesRoot', () => {
  it.each([
    '/etc/passwd',
    '//server/share/a.png',
    '\\\\server\\share\\a.png',
    '\\etc\\passwd',
    '../a.png',
    '..\\a.png',
    '..',
    'a/../../b.png',
    'a\\..\\..\\b.png',
    'a/..\\../b.png',
    './../a.png',
    'a/b/../../../c.png',
    'C:\\a.png',
    'C:/a.png',
    'c:a.png',
    'a.png\0.txt',
    'a\0/../b.png',
    '%2e%2e/a.png',
    '%2E%2E%2Fa.png',
    '..%2fa.png',
    '..%5ca.png',
    '%2fetc%2fpasswd',
    '%252e%252e%252fa.png',
    'a%00.png',
    '%c0%ae%c0%ae/a.png',
    '..%c0%afa.png',
    '%e0%80%ae%e0%80%ae%e0%80%afa.png',
    '..%c1%9ca.png',
    'c%3a/a.png',
    '',
    '.',
    'a/..',
  ])('says so of %j', (name) => {
    expect(leavesRoot(name)).toBe(true);
  });

  it.each([
    'a.png',
    'coco/train2017/000000000009.jpg',
    './a.png',
    'a/../b.png',
    'a//b.png',
    'a\\b.png',
    '..a.png',
    'a..png',
    '.../a.png',
    'a/..b/c.png',
    '100%.png',
    '50%25.png',
    'a%20b.png',
    '%2e.png',
    'ab:c.png',
    'Größe/日本.png',
    '%c3%a9.png',
    'a b.png',
  ])('lets %j pass', (name) => {
    expect(leavesRoot(name)).toBe(false);
  });
});

describe('otherNames', () => {
  it('tries the five extensions in order, then other cases', () => {
    const names = otherNames('a/b.c.bmp');
    expect(names.slice(0, 5)).toEqual(['a/b.c.png', 'a/b.c.jpg', 'a/b.c.jpeg', 'a/b.c.gif', 'a/b.c.webp']);
    expect(names.slice(5, 9)).toEqual(['a/b.c.PNG', 'a/b.c.PNg', 'a/b.c.PnG', 'a/b.c.Png']);
    expect(names).toHaveLength(8 + 8 + 16 + 8 + 16);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ['a.jpg', 'a.png'],
    ['a', 'a.png'],
    ['a.b/c', 'a.b/c.png'],
    ['.jpg', '.jpg.png'],
    ['a/.jpg', 'a/.jpg.png'],
  ])('takes the stem of %j', (name, first) => {
    expect(otherNames(name)[0]).toBe(first);
  });

  it('leaves out the name itself', () => {
    expect(otherNames('a.jpg')).not.toContain('a.jpg');
  });
});
