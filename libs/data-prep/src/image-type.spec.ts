import { describe, expect, it } from 'vitest';
import { imageTypeOf, mislabelOf } from './image-type.js';

const header = (text: string) => Buffer.from(text, 'latin1');

describe('imageTypeOf', () => {
  it.each([
    ['png', '\x89PNG\r\n\x1a\n\0\0\0\x0d'],
    ['jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
    ['jpeg', '\xff\xd8\xff'],
    ['gif', 'GIF87a\x01\0\x01\0'],
    ['gif', 'GIF89a'],
    ['webp', 'RIFF\x1a\0\0\0WEBP'],
    ['bmp', 'BM\x3a\0\0\0\0\0\0\0'],
    ['tiff', 'II*\0\x08\0\0\0'],
    ['tiff', 'MM\0*\0\0\0\x08'],
    ['tiff', 'II+\0\x08\0\0\0'],
  ])('knows %s by %j', (type, bytes) => {
    expect(imageTypeOf(header(bytes))).toBe(type);
  });

  it.each([
    '',
    '\x89PN',
    '\x89PNG\n\x1a\n',
    '\xff\xd8',
    'GIF88a',
    'RIFF\0\0\0\0WAVE',
    'RIFF\0\0\0\0WEB',
    'B',
    'II\0*',
    '<svg>',
    '<html>404',
    '%PDF-1.7',
  ])('does not know %j', (bytes) => {
    expect(imageTypeOf(header(bytes))).toBeUndefined();
  });
});

describe('mislabelOf', () => {
  it.each([
    ['a.jpg', 'png', '.jpg is png'],
    ['a.PNG', 'jpeg', '.png is jpeg'],
    ['a.dat', 'webp', 'another extension is webp'],
    ['a', 'gif', 'another extension is gif'],
  ] as const)('%s with the bytes of %s: %s', (name, type, label) => {
    expect(mislabelOf(name, type)).toBe(label);
  });

  it.each([
    ['a.jpg', 'jpeg'],
    ['a.JPEG', 'jpeg'],
    ['a.tif', 'tiff'],
    ['b/a.png', 'png'],
  ] as const)('%s with the bytes of %s is right', (name, type) => {
    expect(mislabelOf(name, type)).toBeUndefined();
  });
});
