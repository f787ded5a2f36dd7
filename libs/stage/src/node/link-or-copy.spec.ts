import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkOrCopy } from './link-or-copy.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const text = (file: string) => readFile(file, 'utf8');

describe('linkOrCopy', () => {
  it('makes folders and gives the same bytes', async () => {
    const folder = await temporaryFolder();
    const [from, to] = [join(folder, 'a'), join(folder, 'new', 'folder', 'b')];
    await writeFile(from, 'bytes', { mode: 0o440 });
    await linkOrCopy(from, to);
    expect(await text(to)).toBe('bytes');
    expect((await stat(to)).mode & 0o777).toBe(0o440);
    expect(await readdir(join(folder, 'new', 'folder'))).toEqual(['b']);
  });

  it('replaces a file, a link and another name of the same file', async () => {
    const folder = await temporaryFolder();
    const at = (name: string) => join(folder, name);
    await writeFile(at('from'), 'new');
    await writeFile(at('other'), 'other');
    await writeFile(at('file'), 'old');
    await symlink('other', at('link'));
    await link(at('from'), at('same'));
    for (const name of ['file', 'link', 'same', 'from']) {
      await linkOrCopy(at('from'), at(name));
      expect(await text(at(name))).toBe('new');
    }
    expect(await text(at('other'))).toBe('other');
    expect((await readdir(folder)).sort()).toEqual(['file', 'from', 'link', 'other', 'same']);
  });

  it('shares the bytes of a large file, and never those of a small one', async () => {
    const folder = await temporaryFolder();
    const at = (name: string) => join(folder, name);
    for (const [name, size] of [
      ['small', (1 << 20) - 1],
      ['large', 1 << 20],
    ] as const) {
      await writeFile(at(name), Buffer.alloc(size, 1));
      await linkOrCopy(at(name), at(`${name}2`));
    }
    await writeFile(at('small'), 'edited in place');
    expect((await stat(at('small2'))).size).toBe((1 << 20) - 1);
    const [large, copy] = [await stat(at('large')), await stat(at('large2'))];
    // A file system with reflinks shares blocks below two inodes.
    expect(copy.ino === large.ino || (await readFile(at('large2'))).equals(await readFile(at('large')))).toBe(
      true,
    );
    expect(copy.nlink).toBe(copy.ino === large.ino ? 2 : 1);
  });

  it('follows a symbolic link', async () => {
    const folder = await temporaryFolder();
    const at = (name: string) => join(folder, name);
    await writeFile(at('weights'), 'bytes');
    await symlink('weights', at('link'));
    await linkOrCopy(at('link'), join(folder, 'sub', 'b'));
    await rm(at('link'));
    expect(await text(join(folder, 'sub', 'b'))).toBe('bytes');
  });

  it.each([
    ['missing', 'FILE_MISSING'],
    ['dangling', 'FILE_MISSING'],
    ['folder', 'NOT_A_FILE'],
  ])('refuses a source that is %s, and keeps the old file', async (name, code) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder'));
    await symlink('nowhere', join(folder, 'dangling'));
    await writeFile(join(folder, 'to'), 'old');
    const from = join(folder, name);
    await expect(linkOrCopy(from, join(folder, 'to'))).rejects.toMatchObject({ code, file: from });
    expect(await text(join(folder, 'to'))).toBe('old');
  });

  it('refuses a target that is a folder', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'to'));
    await writeFile(join(folder, 'from'), '');
    await expect(linkOrCopy(join(folder, 'from'), join(folder, 'to'))).rejects.toMatchObject({
      code: 'NOT_A_FILE',
      file: join(folder, 'to'),
    });
    expect((await readdir(folder)).sort()).toEqual(['from', 'to']);
  });

  it('copies between file systems, and leaves nothing where the other one is full', async (context) => {
    const disk = await mkdtemp(join(tmpdir(), 'flexattn-tiny-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      await rm(disk, { recursive: true });
      return context.skip('mounting needs root');
    }
    try {
      const from = join(await temporaryFolder(), 'a');
      await writeFile(from, 'bytes');
      await linkOrCopy(from, join(disk, 'b'));
      expect(await text(join(disk, 'b'))).toBe('bytes');
      await writeFile(from, new Uint8Array(2_000_000));
      await expect(linkOrCopy(from, join(disk, 'b'))).rejects.toMatchObject({
        code: 'DISK_FULL',
        exitCode: 74,
      });
      expect(await text(join(disk, 'b'))).toBe('bytes');
      expect(await readdir(disk)).toEqual(['b']);
    } finally {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    }
  });
});
