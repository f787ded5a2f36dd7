import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
const below = (folder: string) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
const rooms = [...below('libs'), ...below('apps')];

describe('docs/dependencies.md', () => {
  const fields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
  const needed = ['.', 'tools', ...rooms].flatMap((room) => {
    const manifest = JSON.parse(textOf(`${room}/package.json`)) as Partial<Record<string, object>>;
    return fields.flatMap((field) => Object.keys(manifest[field] ?? {}));
  });
  /** The names in the first cell of each row. */
  const listed = [...textOf('docs/dependencies.md').matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );

  it('has one line for each package that is needed, and no other', () => {
    const theirs = [...new Set(needed)].filter((name) => !name.startsWith('@flexattn/'));
    expect(listed.sort()).toEqual(theirs.sort());
  });
});

describe('docs/differences.md', () => {
  const specs = rooms.flatMap((room) =>
    readdirSync(join(root, room, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.spec.ts'))
      .map((name) => `${room}/src/${name.replaceAll('\\', '/')}`),
  );
  const named = [...textOf('docs/differences.md').matchAll(/`([\w/.-]+\.spec\.ts)`(?:, "([^"]+)")?/g)];

  it.each(named.map(([, file = '', test = '']) => [file, test]))('names a test: %s %s', (file, test) => {
    const found = specs.filter((spec) => spec === file || spec.endsWith(`/${file}`));
    expect(found).toHaveLength(1);
    expect(textOf(found[0] ?? file)).toContain(test);
  });

  it('has a test for most of its lines', () => {
    expect(named.length).toBeGreaterThan(20);
  });
});
