import { describe, expect, it } from 'vitest';
import { StageError } from './errors.js';
import { parseJson } from './parse-json.js';

const title = (text: string) => JSON.stringify(text).slice(0, 40);
const nested = (levels: number, inner = '') => '['.repeat(levels) + inner + ']'.repeat(levels);

/** Text, line, column, what the message says. */
const REFUSED: [text: string, line: number, column: number, what: string][] = [
  ['', 1, 1, 'unexpected end of the text'],
  [' \n\t', 2, 2, 'unexpected end of the text'],
  ['\uFEFF', 1, 1, 'unexpected end of the text'],
  ['\uFEFF\uFEFF1', 1, 1, 'unexpected "\uFEFF"'],
  ['[', 1, 2, 'unexpected end of the text'],
  ['{', 1, 2, 'unexpected end of the text'],
  [']', 1, 1, 'unexpected "]"'],
  ['}', 1, 1, 'unexpected "}"'],
  [',', 1, 1, 'unexpected ","'],
  [':', 1, 1, 'unexpected ":"'],
  ['[1', 1, 3, 'expected ",": unexpected end of the text'],
  ['[1,', 1, 4, 'unexpected end of the text'],
  ['[1,]', 1, 4, 'unexpected "]"'],
  ['[,1]', 1, 2, 'unexpected ","'],
  ['[1,,2]', 1, 4, 'unexpected ","'],
  ['[1 2]', 1, 4, 'expected ",": unexpected "2"'],
  ['[1}', 1, 3, 'expected ",": unexpected "}"'],
  ['[1:2]', 1, 3, 'expected ",": unexpected ":"'],
  ['{"a":1]', 1, 7, 'expected ",": unexpected "]"'],
  ['{"a"}', 1, 5, 'expected ":": unexpected "}"'],
  ['{"a" 1}', 1, 6, 'expected ":": unexpected "1"'],
  ['{"a":}', 1, 6, 'unexpected "}"'],
  ['{"a":1,}', 1, 8, 'unexpected "}"'],
  ['{,}', 1, 2, 'unexpected ","'],
  ['{"a":1 "b":2}', 1, 8, 'expected ",": unexpected "\\""'],
  ['{a:1}', 1, 2, 'unexpected "a"'],
  ["{'a':1}", 1, 2, 'unexpected "\'"'],
  ['{1:1}', 1, 2, 'unexpected "1"'],
  ['{null:1}', 1, 2, 'unexpected "n"'],
  ['{"a":1,"a":1}', 1, 8, 'the key "a" stands twice'],
  ['{"a":1,\n "\\u0061":2}', 2, 2, 'the key "a" stands twice'],
  ['{"":1,"":1}', 1, 7, 'the key "" stands twice'],
  ['{"x":{"a":1,"a":1}}', 1, 13, 'the key "a" stands twice'],
  ['{"toString":1,"toString":2}', 1, 15, 'the key "toString" stands twice'],
  ['{"__proto__":1}', 1, 2, 'the key "__proto__" is not allowed'],
  ['[{"\\u005f_proto__":{}}]', 1, 3, 'the key "__proto__" is not allowed'],
  ['1 2', 1, 3, 'text after the end of the document'],
  ['{}{}', 1, 3, 'text after the end of the document'],
  ['[]]', 1, 3, 'text after the end of the document'],
  ['null\n\nx', 3, 1, 'text after the end of the document'],
  ['{"a":1}\0', 1, 8, 'text after the end of the document'],
  ['"a', 1, 1, 'a string without its end'],
  ['"', 1, 1, 'a string without its end'],
  ['"a\\"', 1, 1, 'a string without its end'],
  ['["a\\', 1, 2, 'a string without its end'],
  ['"a\nb"', 1, 1, 'not a JSON value'],
  ['"a\tb"', 1, 1, 'not a JSON value'],
  ['"\0"', 1, 1, 'not a JSON value'],
  ['"\\x"', 1, 1, 'not a JSON value'],
  ['"\\u12"', 1, 1, 'not a JSON value'],
  ['"\\u12G4"', 1, 1, 'not a JSON value'],
  ["'a'", 1, 1, 'not a JSON value'],
  ['01', 1, 1, 'not a JSON value: 01'],
  ['-', 1, 1, 'not a JSON value'],
  ['-01', 1, 1, 'not a JSON value'],
  ['+1', 1, 1, 'not a JSON value'],
  ['1.', 1, 1, 'not a JSON value'],
  ['.5', 1, 1, 'not a JSON value'],
  ['1e', 1, 1, 'not a JSON value'],
  ['1e+', 1, 1, 'not a JSON value'],
  ['0x10', 1, 1, 'not a JSON value'],
  ['1_000', 1, 1, 'not a JSON value'],
  ['1n', 1, 1, 'not a JSON value'],
  ['1e999', 1, 1, 'a number out of range: 1e999'],
  ['[-1e999]', 1, 2, 'a number out of range: -1e999'],
  ['NaN', 1, 1, 'not a JSON value: NaN'],
  ['Infinity', 1, 1, 'not a JSON value'],
  ['-Infinity', 1, 1, 'not a JSON value'],
  ['undefined', 1, 1, 'not a JSON value'],
  ['True', 1, 1, 'not a JSON value'],
  ['nul', 1, 1, 'not a JSON value'],
  ['nullx', 1, 1, 'not a JSON value'],
  ['// x\n1', 1, 1, 'not a JSON value'],
  ['[1] // x', 1, 5, 'text after the end of the document'],
  ['/* x */ 1', 1, 1, 'not a JSON value'],
  ['\u00a01', 1, 1, 'unexpected "\u00a0"'],
  ['[1,\u20282]', 1, 4, 'unexpected "\\u2028"'],
  ['\v1', 1, 1, 'unexpected "\\u000b"'],
  ['{"a": 😀}', 1, 7, 'not a JSON value: 😀'],
  ['{😀: 1}', 1, 2, 'unexpected "😀"'],
  ['{\r\n  "a": 1,\r\n  b\r\n}', 3, 3, 'unexpected "b"'],
  [nested(65), 1, 65, 'more than 64 levels'],
  [nested(65, '1'), 1, 65, 'more than 64 levels'],
  ['{"a":'.repeat(65) + '1' + '}'.repeat(65), 1, 321, 'more than 64 levels'],
  ['['.repeat(100_000), 1, 65, 'more than 64 levels'],
];

const ACCEPTED: string[] = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1.5',
  '1E5',
  '1e-5',
  '1e+5',
  '1e308',
  '1000000000000000019884624838656',
  '5e-324',
  '""',
  '"a"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"\\u0041\\ud83d\\ude00"',
  '"\\ud800"',
  '"\u2028\u2029\u007f"',
  '"😀 é"',
  '"// no comment, {[:"',
  '"\\\\"',
  '[]',
  '[ ]',
  '{}',
  '{ }',
  ' \t\r\n[ 1 ,\n2 ] \n',
  '[null,true,"a",1,[],{}]',
  '[[],[[]],[[[]]]]',
  '{"a":1,"A":2}',
  '{"":""}',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":1}]',
  '{"constructor":1,"toString":2,"hasOwnProperty":3}',
  '{"proto":1,"__proto":2,"prototype":3}',
  '{"10":1,"9":2}',
  '{ "a" : 1 , "b" : [ ] }',
  nested(64),
  nested(64, '1'),
  '{"a":'.repeat(64) + '1' + '}'.repeat(64),
];

describe('parseJson', () => {
  it.each(REFUSED.map((row) => [title(row[0]), ...row] as const))(
    'refuses %s',
    (_, text, line, column, what) => {
      let error: unknown;
      try {
        parseJson(text, { file: 'c.json' });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(StageError);
      expect(error).toMatchObject({ code: 'BAD_JSON', exitCode: 2, file: 'c.json' });
      expect((error as StageError).message).toContain(
        `c.json: not valid JSON: line ${line}, column ${column}: ${what}`,
      );
    },
  );

  it.each(ACCEPTED.map((text) => [title(text), text]))('accepts %s as JSON.parse does', (_, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('skips a byte order mark', () => {
    expect(parseJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
  });

  it('gives plain objects', () => {
    expect(Object.getPrototypeOf(parseJson('{"a":1}'))).toBe(Object.prototype);
  });

  it('cuts long values and keys out of its message, and stays one line', () => {
    const key = `${'k\n'.repeat(5000)}`;
    const twice = `{${JSON.stringify(key)}:1,${JSON.stringify(key)}:2}`;
    for (const text of [`[${'x'.repeat(10_000)}]`, twice, `["${'s'.repeat(10_000)}\n"]`]) {
      expect(() => parseJson(text)).toThrow(/^[^\n]{10,300}$/);
    }
  });

  /** A quadratic scan of these would take minutes, longer than the test may. */
  it.each<[name: string, text: string]>([
    ['a long string', JSON.stringify('a'.repeat(2_000_000))],
    ['a long string of escapes', JSON.stringify('"\\\n'.repeat(300_000))],
    ['a long number', `0.${'1'.repeat(500_000)}`],
    ['many numbers', JSON.stringify(Array.from({ length: 100_000 }, (_, i) => i))],
    [
      'many keys',
      JSON.stringify(Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`key${i}`, i]))),
    ],
    ['much white space', `${' \n'.repeat(500_000)}1${' \n'.repeat(500_000)}`],
    [
      'many lines',
      JSON.stringify(
        Array.from({ length: 20_000 }, (_, i) => ({ id: `${i}`, n: [i] })),
        null,
        1,
      ),
    ],
  ])('reads %s', (_, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it.each<[name: string, text: string, where: string]>([
    ['an endless string', `"${'a'.repeat(2_000_000)}`, 'line 1, column 1: a string without its end'],
    ['an endless string of escapes', `"${'\\"'.repeat(2_000_000)}`, 'line 1, column 1: a string without'],
    ['the last of many lines', `[\n${'1,\n'.repeat(500_000)}x]`, 'line 500002, column 1: not a JSON value'],
  ])('refuses %s', (_, text, where) => {
    expect(() => parseJson(text)).toThrow(where);
  });
});
