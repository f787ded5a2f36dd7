import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  mkdir,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContentStore } from './content-store.js';
import { Fingerprints } from './fingerprint.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const entry = (path: string, text: string) => ({ path, size: text.length, sha256: sha256(text) });

async function storeWith(files: Record<string, string>) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'in', name)), { recursive: true });
    await writeFile(join(folder, 'in', name), text);
  }
  const store = new ContentStore(join(folder, 'store'), await Fingerprints.open(join(folder, 'memo.tsv')));
  const blob = (text: string) => join(folder, 'store', sha256(text).slice(0, 2), sha256(text));
  return { folder, store, blob };
}

describe('ContentStore', () => {
  it('takes files, lists them sorted, and places them again', async () => {
    const { folder, store, blob } = await storeWith({
      'b/c': 'one',
      a: 'two',
      'b/d/e': '',
      '.hidden': 'two',
    });
    const files = await store.take(join(folder, 'in'));
    expect(files).toEqual([
      entry('.hidden', 'two'),
      entry('a', 'two'),
      entry('b/c', 'one'),
      entry('b/d/e', ''),
    ]);
    expect((await stat(blob('one'))).mode & 0o777).toBe(0o444);
    await rm(join(folder, 'in'), { recursive: true });
    await store.place(files, join(folder, 'out'));
    expect(await readFile(join(folder, 'out', 'b', 'c'), 'utf8')).toBe('one');
    expect((await readdir(join(folder, 'out'), { recursive: true })).sort()).toEqual([
      '.hidden',
      'a',
      'b',
      'b/c',
      'b/d',
      'b/d/e',
    ]);
    expect(await store.take(join(folder, 'out'))).toEqual(files);
  });

  it('reads nothing whose hash is remembered', async () => {
    const { folder } = await storeWith({ a: 'one', b: 'two' });
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    const other = 'f'.repeat(64);
    fingerprints.remember(join(folder, 'in', 'a'), other);
    const store = new ContentStore(join(folder, 'store'), fingerprints);
    expect(await store.take(join(folder, 'in'))).toEqual([
      { path: 'a', size: 3, sha256: other },
      entry('b', 'two'),
    ]);
  });

  it('places nothing as an empty folder', async () => {
    const { folder, store } = await storeWith({});
    await store.place([], join(folder, 'out'));
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  it.each<[name: string, damage: (blob: string) => Promise<unknown>]>([
    ['truncated', (blob) => truncate(blob, 2)],
    ['changed', (blob) => writeFile(blob, 'onE')],
    ['removed', (blob) => rm(blob)],
    [
      'replaced by a folder',
      async (blob) => {
        await rm(blob);
        await mkdir(blob);
      },
    ],
  ])('finds out that a blob was %s, and takes it anew', async (_, damage) => {
    const { folder, store, blob } = await storeWith({ a: 'one' });
    await store.take(join(folder, 'in'));
    expect(await store.holds(entry('a', 'one'))).toBe(true);
    await chmod(blob('one'), 0o644);
    await damage(blob('one'));
    expect(await store.holds(entry('a', 'one'))).toBe(false);
    await writeFile(join(folder, 'in', 'a'), 'one');
    await store.take(join(folder, 'in'));
    expect(await store.holds(entry('a', 'one'))).toBe(true);
  });

  it('leaves the mode and the bytes of linked input files alone', async () => {
    const { folder, store, blob } = await storeWith({ a: 'own' });
    await writeFile(join(folder, 'hard'), 'hard', { mode: 0o640 });
    await writeFile(join(folder, 'soft'), 'soft', { mode: 0o640 });
    await link(join(folder, 'hard'), join(folder, 'in', 'hard'));
    await symlink('../soft', join(folder, 'in', 'soft'));
    const files = await store.take(join(folder, 'in'));
    expect(files).toEqual([entry('a', 'own'), entry('hard', 'hard'), entry('soft', 'soft')]);
    for (const name of ['hard', 'soft']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o640);
      await rm(join(folder, name));
      expect(await readFile(blob(name), 'utf8')).toBe(name);
    }
  });

  it('places nothing outside its folder', async () => {
    const { folder, store } = await storeWith({ a: 'one' });
    const [file] = await store.take(join(folder, 'in'));
    await expect(
      store.place([{ ...entry('a', 'one'), ...file, path: '../outside' }], join(folder, 'out')),
    ).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    expect((await readdir(folder)).sort()).toEqual(['in', 'out', 'store']);
  });
});
