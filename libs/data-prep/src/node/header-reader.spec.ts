import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SLOW_READS, THREAD_READS } from '../limits.js';
import { HeaderReader } from './header-reader.js';
import { OpenFolders } from './open-folders.js';

let folder = '';
const at = (name: string) => join(folder, name);
const readNow = (reader: HeaderReader, name: string) => reader.readNow(name, new OpenFolders(folder));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'header-reader-'));
  await writeFile(at('long.png'), '0123456789abcdef');
  await writeFile(at('short.png'), '01');
  await writeFile(at('empty.png'), '');
  await mkdir(at('folder.png'));
  await symlink(at('long.png'), at('link.png'));
  execFileSync('mkfifo', [at('pipe.png')]);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

describe('HeaderReader', () => {
  it.each([
    ['long.png', { size: 16, header: Buffer.from('0123456789ab') }],
    ['short.png', { size: 2, header: Buffer.from('01') }],
    ['empty.png', { size: 0, header: Buffer.alloc(0) }],
    ['folder.png', 'missing'],
    ['pipe.png', 'missing'],
  ])('reads %s at once and beside others alike', async (name, expected) => {
    const reader = new HeaderReader();
    expect(readNow(reader, name)).toEqual(expected);
    expect(await reader.read(at(name))).toEqual(expected);
  });

  it.each([
    ['gone.png', 'ENOENT'],
    ['link.png', 'ELOOP'],
  ])('leaves the error of %s to the reading beside others', async (name, code) => {
    const reader = new HeaderReader();
    expect(readNow(reader, name)).toBeUndefined();
    await expect(reader.read(at(name))).rejects.toMatchObject({ code });
  });

  it('reads many in a thread alike, and leaves what is no file to the other ways', async () => {
    const reader = new HeaderReader();
    const folders = new OpenFolders(folder);
    folders.withinSync('long.png', () => undefined);
    const names = ['long.png', 'short.png', 'empty.png', 'folder.png', 'pipe.png', 'link.png', 'gone.png'];
    const paths = Array.from({ length: THREAD_READS }, (_, i) => names[i % names.length] ?? '');
    const { sizes, lengths, headers } = (await reader.readMany(paths, folders)) ?? {};
    expect([...(sizes ?? [])].slice(0, names.length)).toEqual([16, 2, 0, -1, -1, -1, -1]);
    expect([...(lengths ?? [])].slice(0, 3)).toEqual([12, 2, 0]);
    expect(Buffer.from(headers ?? []).toString('latin1', 0, 14)).toBe('0123456789ab01');
    await reader.close();
    folders.close();
  });

  it('reads nothing in a thread of a folder that is not held open, and starts none for few', async () => {
    const reader = new HeaderReader();
    const paths = Array.from({ length: THREAD_READS }, () => 'long.png');
    expect(reader.readMany(paths.slice(1), new OpenFolders(folder))).toBeUndefined();
    const read = await reader.readMany(paths, new OpenFolders(folder));
    expect(new Set(read?.sizes)).toEqual(new Set([-1]));
    await reader.close();
  });

  it('waits for no file while the disk is slow, and tries again later', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 5));
    const reader = new HeaderReader();
    for (let i = 0; i < 5; i += 1) expect(readNow(reader, 'short.png')).toMatchObject({ size: 2 });
    expect(readNow(reader, 'short.png')).toBeUndefined();
    await Promise.all(Array.from({ length: SLOW_READS }, () => reader.read(at('short.png'))));
    expect(readNow(reader, 'short.png')).toMatchObject({ size: 2 });
  });
});
