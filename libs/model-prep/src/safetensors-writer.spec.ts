import { describe, expect, it } from 'vitest';
import type { Tensor } from './float32.js';
import { parseSafetensors } from './safetensors-header.js';
import { layoutSafetensors, writeSafetensors } from './safetensors-writer.js';

const tensors: [string, Tensor][] = [
  ['layers.10', { dtype: 'F16', shape: [3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
  ['flag', { dtype: 'BOOL', shape: [], data: Uint8Array.of(1) }],
  ['layers.2', { dtype: 'F16', shape: [1, 1], data: Uint8Array.of(7, 8) }],
  ['empty', { dtype: 'I64', shape: [0, 4], data: new Uint8Array() }],
  ['wide "name"', { dtype: 'F32', shape: [1], data: Uint8Array.of(9, 10, 11, 12) }],
];

describe('writeSafetensors', () => {
  it('writes what the parser reads back', async () => {
    const file = writeSafetensors(new Map(tensors), { format: 'pt' });
    const header = await parseSafetensors(file, 'x');
    expect(header.metadata).toEqual(new Map([['format', 'pt']]));
    for (const [name, { dtype, shape, data }] of tensors) {
      const entry = header.tensors.get(name);
      expect(entry).toMatchObject({ dtype, shape });
      const [begin, end] = entry?.dataOffsets ?? [];
      expect(file.slice(header.dataStart + (begin ?? NaN), header.dataStart + (end ?? NaN))).toEqual(data);
    }
  });

  it('puts wide dtypes first, then names in the order of UTF-8, and aligns the data', async () => {
    const header = await parseSafetensors(writeSafetensors(new Map(tensors)), 'x');
    expect([...header.tensors.keys()]).toEqual(['empty', 'wide "name"', 'layers.10', 'layers.2', 'flag']);
    expect(header.dataStart % 8).toBe(0);
  });

  it('gives the same bytes for any order of tensors and metadata', () => {
    const file = writeSafetensors(new Map(tensors), { a: '1', b: '2' });
    expect(writeSafetensors(new Map([...tensors].reverse()), { b: '2', a: '1' })).toEqual(file);
  });

  it('writes a file without tensors', async () => {
    const file = writeSafetensors(new Map());
    expect(new TextDecoder().decode(file.slice(8))).toBe('{}      ');
    expect((await parseSafetensors(file, 'x')).tensors.size).toBe(0);
  });

  it('refuses data of another length than its shape takes', () => {
    const bad: Tensor = { dtype: 'F32', shape: [2], data: new Uint8Array(7) };
    expect(() => writeSafetensors(new Map([['a', bad]]))).toThrow(
      /a: expected 8 bytes, got 7 .*SIZE_MISMATCH/,
    );
  });

  it('refuses a name that is not free', () => {
    const shape = { dtype: 'F32', shape: [1] } as const;
    expect(() =>
      layoutSafetensors([
        { name: 'a', ...shape },
        { name: 'a', ...shape },
      ]),
    ).toThrow(/DUPLICATE_NAME/);
    expect(() => layoutSafetensors([{ name: '__metadata__', ...shape }])).toThrow(
      /keeps this one for metadata.*DUPLICATE_NAME/,
    );
    expect(
      layoutSafetensors([
        { name: 'a', ...shape },
        { name: 'b', ...shape },
      ]).tensors,
    ).toHaveLength(2);
  });

  it('tells no metadata from empty ones, as the reference does', () => {
    const text = (metadata?: Record<string, string>): string =>
      new TextDecoder().decode(writeSafetensors(new Map(tensors.slice(1, 2)), metadata));
    expect(text()).not.toContain('__metadata__');
    expect(text({})).toContain('{"__metadata__":{},"flag"');
    expect(text({ 10: 'a', 9: 'b', a: '"' })).toContain('{"10":"a","9":"b","a":"\\""}');
  });

  it.each<[string, { name?: string; shape?: number[]; metadata?: Record<string, string> }, RegExp]>([
    ['half a surrogate pair in a name', { name: 'a\ud800' }, /HEADER_NOT_UTF8/],
    ['half a surrogate pair in metadata', { metadata: { a: '\udc00' } }, /__metadata__: .*"a".*BAD_METADATA/],
    ['a name of 4097 characters', { name: 'n'.repeat(4097) }, /nnn\.\.\.: .*4096.*4097.*NAME_TOO_LONG/],
    ['65 dimensions', { shape: Array.from({ length: 65 }, () => 1) }, /at most 64.*65.*BAD_SHAPE/],
    ['a negative dimension', { shape: [-1] }, /a: .*>= 0.*\[-1\].*BAD_SHAPE/],
    ['half a dimension', { shape: [1.5] }, /\[1\.5\].*BAD_SHAPE/],
    ['2^53 bytes', { shape: [2 ** 51] }, /2\^53.*NUMBER_TOO_LARGE/],
  ])('refuses %s, which the parser would refuse', (_, { name = 'a', shape = [1], metadata }, message) => {
    expect(() => layoutSafetensors([{ name, dtype: 'F32', shape }], metadata)).toThrow(message);
    const neighbour = { name: 'n'.repeat(4096), dtype: 'F32', shape: [2 ** 50] } as const;
    expect(layoutSafetensors([neighbour], { a: '\ud83d\ude00' }).tensors).toHaveLength(1);
  });

  it('refuses a dtype that JavaScript lets through', () => {
    const write = (dtype: string) =>
      writeSafetensors(new Map([['a', { dtype: dtype as 'U8', shape: [1], data: new Uint8Array(1) }]]));
    expect(() => write('F4')).toThrow(/a: expected one of BOOL, .*got "F4" \(BAD_DTYPE/);
    expect(write('U8').byteLength).toBeGreaterThan(8);
  });

  it('refuses a shape that promises more than the data hold before it allocates', () => {
    const bad: Tensor = { dtype: 'U8', shape: [2 ** 50], data: new Uint8Array(1) };
    expect(() => writeSafetensors(new Map([['a', bad]]))).toThrow(/SIZE_MISMATCH/);
  });
});
