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
    expect(() => layoutSafetensors([{ name: '__metadata__', ...shape }])).toThrow(/DUPLICATE_NAME/);
    expect(
      layoutSafetensors([
        { name: 'a', ...shape },
        { name: 'b', ...shape },
      ]).tensors,
    ).toHaveLength(2);
  });
});
