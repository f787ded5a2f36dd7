import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataPrepError } from './errors.js';
import { parseSample } from './parse-sample.js';
import { SampleScanner, type ScannedSample } from './sample-scanner.js';

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8')) as string[];
const REFUSED = golden('json-refused');
const ACCEPTED = golden('json-accepted');

function scan(
  content: string | Uint8Array,
  { step = Infinity, limit }: { step?: number; limit?: number } = {},
) {
  const scanner = new SampleScanner('mix.json', { limit });
  const bytes = Buffer.from(content);
  const found: ScannedSample[] = [];
  for (let i = 0; i < bytes.length; i += step) found.push(...scanner.push(bytes.subarray(i, i + step)));
  return [...found, ...scanner.end()];
}

function valuesOf(content: string | Uint8Array, step?: number): unknown[] {
  return scan(content, step === undefined ? {} : { step }).map((scanned) => {
    const parsed = parseSample(scanned, 'mix.json');
    return parsed.drop === undefined ? parsed.value : parsed.drop.code;
  });
}

function refusal(content: string | Uint8Array, step?: number): DataPrepError {
  try {
    valuesOf(content, step);
  } catch (error) {
    if (error instanceof DataPrepError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('SampleScanner: an array', () => {
  it.each([
    ['[]', []],
    [' [ ] \r\n', []],
    ['\ufeff[{"id":1}]', [{ id: 1 }]],
    ['[{"id":1},{"id":2}]', [{ id: 1 }, { id: 2 }]],
    ['\r\n[\r\n{"id":1}\r\n,\r\n{"id":2}\r\n]\r\n\r\n', [{ id: 1 }, { id: 2 }]],
    ['[1,"a",null,[],true,-2.5e3 ]', [1, 'a', null, [], true, -2500]],
    ['["]","\\"]",{"a":"}\\\\"}]', [']', '"]', { a: '}\\' }]],
  ])('finds the samples of %j in chunks of any size', (text, expected) => {
    for (const step of [1, 2, 3, 7, Infinity]) expect(valuesOf(text, step)).toEqual(expected);
  });

  it.each(ACCEPTED)('accepts %j as a sample and inside one', (text) => {
    const value = JSON.parse(text) as unknown;
    for (const step of [1, Infinity]) {
      expect(valuesOf(`[${text}]`, step)).toEqual([value]);
      expect(valuesOf(`[{"x":${text}},0]`, step)).toEqual([{ x: value }, 0]);
    }
  });

  it.each(REFUSED)('refuses %j as a sample and inside one', (text) => {
    for (const content of [`[${text}]`, `[{"x":${text}},0]`]) {
      const whole = refusal(content);
      expect(['NOT_JSON', 'CUT_SHORT']).toContain(whole.code);
      expect(whole.message).toMatch(/^mix\.json\[line \d+, column \d+, byte \d+\]: /);
      expect(refusal(content, 1).message).toBe(whole.message);
    }
  });

  it('hands out the very bytes of a sample, and where it stands', () => {
    const [first, second] = scan('[\n  {"id": 1.0 },\n\t{"id":2,\n"é":"\\u00e9"}\n]', { step: 5 });
    expect(first).toMatchObject({
      index: 0,
      byteOffset: 4,
      line: 2,
      column: 3,
      depth: 1,
      keys: 1,
      unicodeEscapes: false,
    });
    expect(Buffer.from(first?.bytes ?? []).toString()).toBe('{"id": 1.0 }');
    expect(second).toMatchObject({ index: 1, line: 3, column: 2, keys: 2, unicodeEscapes: true });
    expect(Buffer.from(second?.bytes ?? []).toString()).toBe('{"id":2,\n"é":"\\u00e9"}');
  });
});

describe('SampleScanner: JSON lines', () => {
  it.each([
    ['{"id":1}', [{ id: 1 }]],
    ['{"id":1}\n{"id":2}\n', [{ id: 1 }, { id: 2 }]],
    ['\ufeff{"id":1} \r\n\r\n \t\n{"id":2}', [{ id: 1 }, { id: 2 }]],
    ['{"id":1}\n5\n"a"\nnull', [{ id: 1 }, 5, 'a', null]],
    ['{"id":1}\n5', [{ id: 1 }, 5]],
  ])('finds the samples of %j', (text, expected) => {
    for (const step of [1, 3, Infinity]) expect(valuesOf(text, step)).toEqual(expected);
  });

  it.each([
    [
      '{"id":1} {"id":2}',
      'line 1, column 10, byte 9',
      'expected the end of the line after a sample, got "{"',
    ],
    [
      '{"id":1},\n{"id":2}',
      'line 1, column 9, byte 8',
      'expected the end of the line after a sample, got ","',
    ],
    ['{"id":1}\n{"id":\n2}', 'line 2, column 1, byte 9', 'sample 1 is broken off by a line feed'],
    ['{"id":1}\nhello', 'line 2, column 1, byte 9', 'expected a sample, got "h"'],
    ['{"id":1}\n{"id":2', 'line 2, column 8, byte 16', 'the file ends in the middle of sample 1'],
    ['{"id":1}\ntru', 'line 2, column 4, byte 12', 'expected true, false or null'],
  ])('refuses %j at %s', (text, where, what) => {
    const { message } = refusal(text);
    expect(message).toContain(`mix.json[${where}]: ${what}`);
    expect(refusal(text, 1).message).toBe(message);
  });
});

describe('SampleScanner: what is refused, and where', () => {
  it.each([
    ['', 'CUT_SHORT', 'line 1, column 1, byte 0', 'the file is empty'],
    [' \n ', 'CUT_SHORT', 'line 2, column 2, byte 3', 'the file is empty'],
    ['\ufeff', 'CUT_SHORT', 'line 1, column 4, byte 3', 'the file is empty'],
    ['hello', 'NOT_JSON', 'line 1, column 1, byte 0', 'got "h"'],
    ['<html>', 'NOT_JSON', 'line 1, column 1, byte 0', 'got "<"'],
    ['"text"', 'NOT_SAMPLES', 'line 1, column 1, byte 0', 'got """'],
    ['42', 'NOT_SAMPLES', 'line 1, column 1, byte 0', 'got "4"'],
    ['[{"id":1},]', 'NOT_JSON', 'line 1, column 11, byte 10', 'expected a sample after the comma, got "]"'],
    ['[,{"id":1}]', 'NOT_JSON', 'line 1, column 2, byte 1', 'expected a sample or "]", got ","'],
    ['[{"id":1}\n{"id":2}]', 'NOT_JSON', 'line 2, column 1, byte 10', 'expected "," or "]" after a sample'],
    ['[{"id":1}] x', 'NOT_JSON', 'line 1, column 12, byte 11', 'expected nothing after the end of the array'],
    ['[{"id":1}][]', 'NOT_JSON', 'line 1, column 11, byte 10', 'expected nothing after the end of the array'],
    ['[{"id":1}', 'CUT_SHORT', 'line 1, column 10, byte 9', 'the file ends early: expected "," or "]"'],
    ['[{"id":1},', 'CUT_SHORT', 'line 1, column 11, byte 10', 'the file ends early: expected a sample'],
    [
      '[\n{"id":1},\n {"id":"ab',
      'CUT_SHORT',
      'line 3, column 11, byte 22',
      'in the middle of sample 1, which begins in line 3, column 2',
    ],
    [
      '[\n{"id":1,\n"a":[1}},\n{"id":2}]',
      'NOT_JSON',
      'line 3, column 7, byte 17',
      'expected "," or the closing bracket',
    ],
    ['[{"a":[1},{"b":2}', 'NOT_JSON', 'line 1, column 9, byte 8', 'expected "," or the closing bracket'],
    ['[{"a":1}]\u0000', 'NOT_JSON', 'line 1, column 10, byte 9', 'got byte 0x00'],
  ])('%j: %s', (text, code, where, what) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.item).toBe(where);
    expect(error.message).toContain(what);
    expect(refusal(text, 1).message).toBe(error.message);
  });

  it.each([
    ['UTF-16, little endian', [0xff, 0xfe, 0x5b, 0, 0x5d, 0], 'convert it to UTF-8'],
    ['UTF-16, big endian', [0xfe, 0xff, 0, 0x5b, 0, 0x5d], 'convert it to UTF-8'],
    ['UTF-16 without a mark', [0, 0x5b, 0, 0x5d], 'convert it to UTF-8'],
    ['half a byte order mark', [0xef, 0xbb, 0x5b, 0x5d], 'expected an array'],
    ['two byte order marks', [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x5b, 0x5d], 'got byte 0xef'],
    ['a mark behind a space', [0x20, 0xbb, 0xbf, 0x5b, 0x5d], 'got byte 0xbb'],
    ['a stray byte behind a number', [0x5b, 0x31, 0x80, 0x5d], 'expected nothing more'],
    ['a stray byte between samples', [0x5b, 0x31, 0x2c, 0x80, 0x5d], 'got byte 0x80'],
    ['a stray byte in a sample', [0x5b, 0x7b, 0xff, 0x7d, 0x5d], 'expected a key or "}"'],
  ])('refuses %s', (_, bytes, what) => {
    expect(refusal(Uint8Array.from(bytes)).message).toContain(what);
  });

  it('refuses a good file cut off at any byte', () => {
    const good = Buffer.from(
      '\ufeff[\n{"id":"é\\n","conversations":[{"a":[1.5e2,true,null,"\\u00e9"]}]},\n-1.5,"x"\n]',
    );
    expect(valuesOf(good)).toHaveLength(3);
    for (let length = 0; length < good.length; length += 1) {
      expect(refusal(good.subarray(0, length)).code).toBe('CUT_SHORT');
    }
  });
});

describe('SampleScanner: large samples', () => {
  const sample = (length: number) => `{"v":"${'x'.repeat(length - 8)}"}`;

  it.each([1, 7, 64, Infinity])(
    'keeps a sample of just the limit, and lets go of a larger one (chunks of %i)',
    (step) => {
      const found = scan(`[${sample(100)},${sample(101)},1]`, { step, limit: 100 });
      expect(found.map(({ index, byteLength, bytes }) => [index, byteLength, bytes?.length])).toEqual([
        [0, 100, 100],
        [1, 101, undefined],
        [2, 1, 1],
      ]);
    },
  );

  it.each([
    [`[{"v":"${'x'.repeat(200)}",}]`, 'expected a key'],
    [`[{"v":[${'1,'.repeat(100)}1}}]`, 'expected "," or the closing bracket'],
    [`["${'x'.repeat(200)}\t"]`, 'expected no control character'],
    [`[${'1'.repeat(200)}.]`, 'expected a digit'],
  ])('refuses a large sample that is not JSON', (text, what) => {
    for (const step of [1, 30, Infinity]) expect(() => scan(text, { step, limit: 100 })).toThrow(what);
  });

  it('tells line and column inside a large sample', () => {
    const text = `[\n{"v":"${'x'.repeat(200)}",\n "w":01}]`;
    for (const step of [9, Infinity])
      expect(() => scan(text, { step, limit: 100 })).toThrow('line 3, column 7,');
  });

  it('tells where a file ends inside a large sample', () => {
    expect(() => scan(`[{"v":"${'x'.repeat(200)}`, { step: 50, limit: 100 })).toThrow(
      'in the middle of sample 0',
    );
  });
});
