import { describe, expect, it } from 'vitest';
import { FlexattnError, type ErrorDetails } from './errors.js';

class ToyError extends FlexattnError<'TOY'> {}

describe('the message of an error', () => {
  const cases: [name: string, details: ErrorDetails, message: string][] = [
    ['only what', {}, 'broke (TOY)'],
    ['file', { file: 'a.json' }, 'a.json: broke (TOY)'],
    ['item', { item: '7' }, '7: broke (TOY)'],
    ['file and item', { file: 'a.json', item: '7' }, 'a.json[7]: broke (TOY)'],
    ['hint', { hint: 'mend it' }, 'broke; mend it (TOY)'],
    ['all', { file: 'a.json', item: '7', hint: 'mend it' }, 'a.json[7]: broke; mend it (TOY)'],
    ['undefined members', { file: undefined, item: undefined, hint: undefined }, 'broke (TOY)'],
  ];
  it.each(cases)('has %s', (_, details, message) => {
    expect(new ToyError('TOY', 'broke', details).message).toBe(message);
  });

  it('carries its parts', () => {
    const cause = new Error('inner');
    const error = new ToyError('TOY', 'broke', { file: 'f', item: 'i', hint: 'h', cause, exitCode: 74 });
    expect(error).toMatchObject({
      name: 'ToyError',
      code: 'TOY',
      file: 'f',
      item: 'i',
      hint: 'h',
      exitCode: 74,
    });
    expect(error.cause).toBe(cause);
    expect('cause' in new ToyError('TOY', 'broke')).toBe(false);
  });
});

describe('a hostile name', () => {
  it.each([
    ['line feed', 'a\nb', 'a\\u000ab'],
    ['carriage return', 'a\rb', 'a\\u000db'],
    ['NUL', 'a\0b', 'a\\u0000b'],
    ['tab', 'a\tb', 'a\\u0009b'],
    ['escape sequence', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
    ['delete', 'a\u007fb', 'a\\u007fb'],
    ['C1 control', 'a\u009bb', 'a\\u009bb'],
    ['line separator', 'a\u2028b', 'a\\u2028b'],
    ['paragraph separator', 'a\u2029b', 'a\\u2029b'],
    ['right-to-left override', 'a\u202egpj.exe', 'a\\u202egpj.exe'],
    ['isolate', 'a\u2066b', 'a\\u2066b'],
    ['lone surrogate', 'a\ud800b', 'a\\ud800b'],
    ['plain text', 'a b', 'a b'],
    ['other scripts', 'Übung 数据 😀', 'Übung 数据 😀'],
  ])('with a %s stays one line', (_, name, shown) => {
    for (const details of [{ file: name }, { item: name }, { hint: name }]) {
      expect(new ToyError('TOY', 'broke', details).message).toContain(shown);
    }
    expect(new ToyError('TOY', name).message).toBe(`${shown} (TOY)`);
  });
});
