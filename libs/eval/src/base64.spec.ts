import { describe, expect, it } from 'vitest';
import { decodeBase64, pictureSuffix } from './base64.js';

describe('decodeBase64', () => {
  it('reads base64, line breaks allowed', () => {
    expect(decodeBase64('aGVs\r\nbG8=', 'x').toString()).toBe('hello');
  });

  it.each([['data:image/png;base64,aGVsbG8='], ['aGVsbG8'], ['aGVs*G8='], ['a==='], [7], [null]])(
    'refuses %j',
    (value) => {
      expect(() => decodeBase64(value, 'x')).toThrow(/^x: expected base64 text.*BAD_BASE64/);
    },
  );

  it.each([[''], [' \n']])('refuses no bytes: %j', (value) => {
    expect(() => decodeBase64(value, 'x')).toThrow(/PICTURE_EMPTY/);
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
