import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SLOW_READS } from '../limits.js';
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
