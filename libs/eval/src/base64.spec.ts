import { describe, expect, it } from 'vitest';
import { Base64Decoder, pictureSuffix } from './base64.js';

const decode = (...pieces: string[]) => {
  const decoder = new Base64Decoder();
  for (const piece of pieces) decoder.add(piece);
  return decoder.finish('x');
};

describe('Base64Decoder', () => {
  it.each([
    [['aGVsbG8=']],
    [['aGVs\r\nbG8=']],
    [['a', 'GV', 'sbG', '8', '=']],
    [['aGVsbG', ' 8', '', '=\n']],
  ])('reads base64 in pieces, line breaks allowed: %j', (pieces) => {
    expect(decode(...pieces).toString()).toBe('hello');
  });

  it('reads more than it has room for', () => {
    const bytes = Buffer.alloc(3_000_001, 'pixel');
    const text = bytes.toString('base64');
    const pieces = Array.from({ length: 41 }, (_, i) => text.slice(i * 100_001, (i + 1) * 100_001));
    expect(decode(...pieces).equals(bytes)).toBe(true);
  });

  it.each([
    [['data:image/png;base64,aGVsbG8=']],
    [['aGVsbG8']],
    [['aGVs*G8=']],
    [['a===']],
    [['aGU=', 'bG8=']],
    [['aGU=', '=']],
    [['=aaa']],
  ])('refuses %j, and goes on with the next picture', (pieces) => {
    const decoder = new Base64Decoder();
    for (const piece of pieces) decoder.add(piece);
    expect(() => decoder.finish('x')).toThrow(/^x: expected base64 text.*BAD_BASE64/);
    decoder.add('aGVsbG8=');
    expect(decoder.finish('y').toString()).toBe('hello');
  });

  it.each([[''], [' \n']])('refuses no bytes: %j', (value) => {
    expect(() => decode(value)).toThrow(/PICTURE_EMPTY/);
  });

  it('refuses a picture beyond 256 MB, and goes on with the next one', () => {
    const decoder = new Base64Decoder();
    const piece = 'AAAA'.repeat(4e6);
    for (let bytes = 0; bytes <= 256e6; bytes += 12e6) decoder.add(piece);
    expect(() => decoder.finish('x')).toThrow(/^x: expected at most 256 MB, got more.*PICTURE_UNREADABLE/);
    decoder.add('aGVsbG8=');
    expect(decoder.finish('y').toString()).toBe('hello');
  });

  it('shows how a text begins that is not base64', () => {
    expect(() => decode('<htm', 'l>', 'x'.repeat(100))).toThrow(
      '106 characters that start with "<html>xxxxxxxxxxxxxxxxxx"',
    );
  });
});

describe('pictureSuffix', () => {
  it.each([
    ['ffd8ffe0', 'jpg'],
    ['89504e47', 'png'],
    ['52494646', 'webp'],
    ['00000000', 'bin'],
    ['ff', 'bin'],
  ])('%s is %s', (hex, suffix) => {
    expect(pictureSuffix(Buffer.from(hex, 'hex'))).toBe(suffix);
  });
});
