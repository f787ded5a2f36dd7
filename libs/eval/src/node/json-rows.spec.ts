import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './benchmarks.fixture.js';
import { readRows, type RowShape } from './json-rows.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  return () => rm(folder, { recursive: true });
});

async function rowsOf(text: string, shape: RowShape): Promise<unknown[]> {
  const file = join(folder, 'rows.json');
  await writeFile(file, text);
  const rows: unknown[] = [];
  for await (const { key, value } of readRows(file, shape)) rows.push([key, value]);
  return rows;
}

const array: RowShape = { members: 'array' };
const object: RowShape = { members: 'object' };

describe('readRows', () => {
  it.each<[string, RowShape, unknown[]]>([
    ['[]', array, []],
    [
      '\ufeff[1, "a\\n", null, [2, [3]], {"b": {"c": [true]}}] ',
      array,
      [
        [0, 1],
        [1, 'a\n'],
        [2, null],
        [3, [2, [3]]],
        [4, { b: { c: [true] } }],
      ],
    ],
    [
      '{"a": 1, "a": {"b": 2}, "": []}',
      object,
      [
        ['a', 1],
        ['a', { b: 2 }],
        ['', []],
      ],
    ],
    [
      '{"x": {"data": [9]}, "data": [1, {"data": 2}], "y": ["data", 3]}',
      { ...array, under: 'data' },
      [
        [0, 1],
        [1, { data: 2 }],
      ],
    ],
    [
      '{"n": 1, "data": {"k": "v", "data": []}, "z": 2}',
      { ...object, under: 'data' },
      [
        ['k', 'v'],
        ['data', []],
      ],
    ],
    ['{"other": [1]}', { ...array, under: 'data' }, []],
  ])('reads %j as %j', async (text, shape, rows) => {
    expect(await rowsOf(text, shape)).toEqual(rows);
  });

  it('reads rows that are longer than a piece of the file', async () => {
    const rows = ['é'.repeat(300_000), 'b'];
    expect(await rowsOf(JSON.stringify(rows), array)).toEqual(rows.map((row, i) => [i, row]));
  });

  it.each<[string, RowShape]>([
    ['', array],
    ['[1, 2', array],
    ['{"data": [1], "x":', { ...array, under: 'data' }],
    ['[1] 2', array],
    ['{}', array],
    ['[]', object],
    ['7 ', object],
    ['[[1]]', { ...array, under: 'data' }],
    ['{"data": {}}', { ...array, under: 'data' }],
    ['{"data": 7}', { ...object, under: 'data' }],
    ["{'a': 1}", object],
  ])('refuses %j as %j', async (text, shape) => {
    await expect(rowsOf(text, shape)).rejects.toThrow(/NOT_JSON/);
  });
});
