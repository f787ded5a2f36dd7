import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_SAMPLE_BYTES } from './limits.js';
import { parseSample } from './parse-sample.js';
import { SampleScanner } from './sample-scanner.js';

/** What becomes of one sample: its drop, or `kept`. */
function judge(sample: string | Uint8Array) {
  const scanner = new SampleScanner('mix.json');
  const [scanned] = scanner.push(Buffer.concat([Buffer.from('['), Buffer.from(sample), Buffer.from(']')]));
  if (scanned === undefined) throw new Error('no sample');
  return parseSample(scanned, 'mix.json').drop ?? 'kept';
}

const nested = (depth: number) => `{"id":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const long = (bytes: number) => `{"id":"${'x'.repeat(bytes - 9)}"}`;

describe('parseSample', () => {
  it.each([
    [
      'SAMPLE_TOO_LARGE',
      'a byte more than 4 MiB',
      long(MAX_SAMPLE_BYTES + 1),
      '4194305 bytes: at most 4194304',
    ],
    ['TOO_DEEP', '17 levels', nested(MAX_DEPTH + 1), '17 nested brackets: at most 16'],
    ['TOO_DEEP', '10,000 levels', nested(10_000), '10000 nested brackets'],
    ['DUPLICATE_KEY', 'a key twice', '{"id":1,"id":2}', 'id: this key stands twice'],
    ['DUPLICATE_KEY', 'a key twice, once escaped', '{"id":1,"\\u0069d":2}', 'id: this'],
    ['DUPLICATE_KEY', 'a key twice with one value', '{"a":{},"a":{}}', 'a: this'],
    [
      'DUPLICATE_KEY',
      'a key twice in a turn',
      '{"conversations":[{},{"value":"a","value":"b"}]}',
      'conversations[1].value: this',
    ],
    ['DUPLICATE_KEY', 'an odd key twice', '{"a b":{"":1,"":2}}', '["a b"][""]: this'],
    ['PROTO_KEY', '__proto__', '{"__proto__":{"id":1}}', '__proto__: this key is not allowed'],
    ['PROTO_KEY', '__proto__ inside', '{"a":[0,{"__proto__":1}]}', 'a[1].__proto__: this'],
    ['PROTO_KEY', '__proto__ escaped', '{"\\u005f_proto__":1}', '__proto__: this'],
    ['LONE_SURROGATE', 'the first half of a pair', '{"a":["x","\\ud83d"]}', 'a[1]: half of a surrogate pair'],
    ['LONE_SURROGATE', 'the second half', '{"value":"a\\uDE00b"}', 'value: half'],
    ['LONE_SURROGATE', 'halves in the wrong order', '{"a":"\\ude00\\ud83d"}', 'a: half'],
    ['LONE_SURROGATE', 'half a pair in a key', '{"\\ud83d":1}', 'half of a surrogate pair'],
    [
      'INVALID_UTF8',
      'an overlong dot',
      Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc0, 0xae, 0x22, 0x7d]),
      'not UTF-8',
    ],
    ['INVALID_UTF8', 'Latin-1', Buffer.from('{"a":"é"}', 'latin1'), 'not UTF-8'],
    ['INVALID_UTF8', 'a surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not UTF-8'],
  ])('%s: %s', (code, _, sample, detail) => {
    expect(judge(sample)).toMatchObject({ code, detail: expect.stringContaining(detail) as string });
  });

  it.each([
    ['just 4 MiB', long(MAX_SAMPLE_BYTES)],
    ['16 levels', nested(MAX_DEPTH)],
    ['10,000 brackets side by side', `[${'[],'.repeat(9_999)}[]]`],
    ['the same key in two objects', '{"id":1,"a":{"id":2,"b":[{"id":3},{"id":4}]}}'],
    ['keys that differ in case', '{"id":1,"ID":2}'],
    ['keys of Object.prototype', '{"constructor":1,"toString":2,"hasOwnProperty":3,"__proto":4}'],
    ['colons and braces in strings', '{"a":":{\\":\\"","b":"::"}'],
    ['__proto__ as a value', '{"a":"__proto__"}'],
    ['a whole pair', '{"a":"\\ud83d\\ude00"}'],
    ['a surrogate escape that is text', '{"a":"\\\\ud83d"}'],
    ['text beyond ASCII', '{"a":"é\u{1f600}\u2028"}'],
  ])('keeps %s', (_, sample) => {
    expect(judge(sample)).toBe('kept');
  });

  it.each([
    ['a deep sample', `{"a":${'['.repeat(20)}1,${']'.repeat(20)}}`],
    ['a sample with bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ])('throws where %s is not JSON', (_, sample) => {
    expect(() => judge(sample)).toThrow('NOT_JSON');
  });
});
