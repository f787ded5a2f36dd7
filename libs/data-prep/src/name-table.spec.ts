import { describe, expect, it } from 'vitest';
import { NameTable } from './name-table.js';

const find = (table: NameTable, name: string) => {
  const bytes = Buffer.from(`<${name}>`);
  return table.findMany([{ bytes, begin: 1, end: bytes.length - 1 }])[0] ?? -1;
};

describe('NameTable', () => {
  it('finds what was added, by bytes and by text, however much it has grown', () => {
    const table = new NameTable();
    const names = Array.from({ length: 30_000 }, (_, i) => `folder-${i % 7}/größe-${i}.jpg`);
    for (const [i, name] of names.entries()) table.add(name, i / 2, i % 100);
    for (const [i, name] of names.entries()) {
      const place = find(table, name);
      expect(table.findText(name)).toBe(place);
      expect([table.valueAt(place), table.groupAt(place)]).toEqual([i / 2, i % 100]);
    }
    for (const name of ['', 'folder-0/größe-0.jp', 'older-0/größe-0.jpg', 'folder-1/größe-0.jpg'])
      expect([find(table, name), table.findText(name)]).toEqual([-1, -1]);
  });

  it('keeps the numbers of the first of two equal names, and a value that is set', () => {
    const table = new NameTable();
    table.add('a', -1, 1);
    table.add('a', -2, 2);
    const place = find(table, 'a');
    expect([table.valueAt(place), table.groupAt(place)]).toEqual([-1, 1]);
    table.setValue(place, 2 ** 52 + 1);
    expect(table.valueAt(place)).toBe(2 ** 52 + 1);
  });

  it('tells names apart whose hashes are the same', () => {
    const table = new NameTable();
    // A known pair of FNV-1a, 32 bits.
    for (const [i, name] of ['costarring', 'liquid'].entries()) table.add(name, i, 1);
    for (const [i, name] of ['costarring', 'liquid'].entries())
      expect(table.valueAt(find(table, name))).toBe(i);
  });

  it('takes a name that is longer than all of its room', () => {
    const table = new NameTable();
    table.add('x'.repeat(200_000), 1, 1);
    expect(find(table, 'x'.repeat(200_000))).toBe(0);
    expect(table.findText('x'.repeat(300_000))).toBe(-1);
  });
});
