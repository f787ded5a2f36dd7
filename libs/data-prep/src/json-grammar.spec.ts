import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { JsonGrammar } from './json-grammar.js';
import { MAX_CHECKED_DEPTH } from './limits.js';

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8')) as string[];
const REFUSED = golden('json-refused');
const ACCEPTED = golden('json-accepted');

function judge(text: string, step = Infinity): { accepted: boolean; offset: number; expected: string } {
  const grammar = new JsonGrammar();
  const bytes = Buffer.from(text);
  let going = true;
  for (let i = 0; going && i < bytes.length; i += step) going = grammar.push(bytes.subarray(i, i + step));
  return { accepted: going && grammar.complete, offset: grammar.offset, expected: grammar.expected };
}

describe('JsonGrammar', () => {
  it('has at least 100 texts to refuse and 60 to accept', () => {
    expect(REFUSED.length).toBeGreaterThanOrEqual(100);
    expect(ACCEPTED.length).toBeGreaterThanOrEqual(60);
  });

  it.each(REFUSED)('refuses %j, as JSON.parse does', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(judge(text).accepted).toBe(false);
    expect(judge(text, 1)).toEqual(judge(text));
  });

  it.each(ACCEPTED)('accepts %j, as JSON.parse does', (text) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(judge(text).accepted).toBe(true);
    expect(judge(text, 1).accepted).toBe(true);
  });

  it.each([
    ['{"a":1,}', 7, 'a key'],
    ['{"a" 1}', 5, '":"'],
    ['[1,]', 3, 'a value'],
    ['[1}', 2, '"," or the closing bracket'],
    ['[01]', 2, '"." or the end of the number: no digit follows a leading 0'],
    ['"a\nb"', 2, 'no control character in a string'],
    ['"\\x"', 2, 'one of "\\/bfnrtu after a backslash'],
    ['"\\u12g4"', 5, 'four hexadecimal digits after \\u'],
    ['trve', 2, 'true, false or null'],
    ['{} {}', 3, 'nothing more'],
    ['1e+', 3, 'a digit'],
  ])('tells that %j goes wrong at byte %i', (text, offset, expected) => {
    expect(judge(text)).toEqual({ accepted: false, offset, expected });
  });

  it('counts lines', () => {
    const grammar = new JsonGrammar();
    expect(grammar.push(Buffer.from('[1,\n2,\n  x'))).toBe(false);
    expect(grammar).toMatchObject({ offset: 9, lines: 2, lineStart: 7 });
  });

  it('follows a million nested brackets, and refuses more than it has bits for', () => {
    const deep = 1_000_000;
    expect(judge('['.repeat(deep) + ']'.repeat(deep)).accepted).toBe(true);
    expect(judge(`${'['.repeat(deep)}}`).accepted).toBe(false);
    const { accepted, offset, expected } = judge('['.repeat(MAX_CHECKED_DEPTH + 1));
    expect({ accepted, offset }).toEqual({ accepted: false, offset: MAX_CHECKED_DEPTH });
    expect(expected).toBe('at most 16777216 nested brackets');
  });
});
