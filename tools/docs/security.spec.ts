import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** The rows of the tables under "Promises" and "Limits": what is claimed, and the cell with its tests. */
const claims = ['Promises', 'Limits'].flatMap((title) => {
  const section = page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row): [string, string] => {
    const cells = row.split('|').map((cell) => cell.trim());
    return [cells[1] ?? '', cells.at(-2) ?? ''];
  });
});

describe('docs/security.md', () => {
  it('makes claims', () => {
    expect(claims.length).toBeGreaterThan(40);
  });

  it.each(claims)('names tests that exist: %s', (_, cell) => {
    const tests = [...cell.matchAll(/`([^`]+)`, "([^"]+)"/g)];
    expect(tests.map(([whole]) => whole).join('; ')).toBe(cell);
    expect(tests.length).toBeGreaterThan(0);
    for (const [, file = '', name = ''] of tests) {
      expect(readFileSync(join(root, file), 'utf8'), file).toContain(name);
    }
  });

  it('lists every fuzzer', async () => {
    const { TARGETS } = await import('../fuzz/targets.js');
    const section = page.split('## Fuzzers\n')[1]?.split('\n## ')[0] ?? '';
    const names = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name);
    expect(names).toEqual(Object.keys(TARGETS));
  });
});
