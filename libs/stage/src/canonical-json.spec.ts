import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.js';

describe('canonicalJson', () => {
  it.each([
    ['null', null, 'null'],
    ['true', true, 'true'],
    ['text', 'a"\n\u2028é', '"a\\"\\n\u2028é"'],
    ['lone surrogate', '\ud800', '"\\ud800"'],
    ['integer', 1e21, '1e+21'],
    ['fraction', 0.1, '0.1'],
    ['minus zero', -0, '0'],
    ['empty object', {}, '{}'],
    ['empty array', [], '[]'],
    ['sorted keys', { b: 1, a: 2, B: 3 }, '{"B":3,"a":2,"b":1}'],
    ['keys that look like numbers', { 10: 1, 9: 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
    ['keys by UTF-16 units', { '\uff00': 1, '😀': 2 }, '{"😀":2,"\uff00":1}'],
    ['nested', { b: [{ d: 1, c: 2 }], a: {} }, '{"a":{},"b":[{"c":2,"d":1}]}'],
    ['arrays keep their order', [3, 1, 2], '[3,1,2]'],
    ['undefined member', { a: undefined, b: 1 }, '{"b":1}'],
    ['own __proto__', JSON.parse('{"__proto__":1,"a":2}'), '{"__proto__":1,"a":2}'],
    ['no prototype', Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
  ])('writes %s', (_, value, text) => {
    expect(canonicalJson(value)).toBe(text);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
  });

  it.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['undefined', undefined],
    ['undefined in an array', [undefined]],
    // eslint-disable-next-line no-sparse-arrays -- a hole is the case
    ['a hole', [1, , 2]],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map([[1, 2]])],
    ['bytes', new Uint8Array(2)],
    ['a nested NaN', { a: [{ b: NaN }] }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('gives equal text for equal values only', () => {
    expect(canonicalJson({ a: 1, b: { c: 2, d: 3 } })).toBe(canonicalJson({ b: { d: 3, c: 2 }, a: 1 }));
    expect(canonicalJson({ a: '1' })).not.toBe(canonicalJson({ a: 1 }));
    expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}));
  });
});
