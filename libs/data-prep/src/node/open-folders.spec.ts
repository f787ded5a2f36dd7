import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_OPEN_FOLDERS } from '../limits.js';
import { OpenFolders } from './open-folders.js';

/** Whether the system is to show open files, as Linux does. */
const shows = vi.hoisted(() => ({ openFiles: true }));
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof import('node:fs')>();
  return { ...actual, existsSync: (path: string) => shows.openFiles && actual.existsSync(path) };
});

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'open-folders-')));
  await mkdir(join(root, 'a/b'), { recursive: true });
  await mkdir(join(root, 'other'));
  await writeFile(join(root, 'a/b/x'), 'inside');
  await writeFile(join(root, 'other/x'), 'other');
});
afterEach(async () => {
  shows.openFiles = true;
  await rm(root, { recursive: true });
});

const read = (folders: OpenFolders, path: string) =>
  folders.within(path, (opened) => readFile(opened, 'utf8'));

describe.each([true, false])('OpenFolders, where the system shows open files: %s', (isShown) => {
  beforeEach(() => (shows.openFiles = isShown));

  it('leads to files in the root and below it, to the root itself, and again after it was closed', async () => {
    const folders = new OpenFolders(root);
    expect(await read(folders, 'a/b/x')).toBe('inside');
    expect(await folders.within('.', (opened) => readdir(opened))).toEqual(['a', 'other']);
    folders.close();
    expect(await read(folders, 'a/b/x')).toBe('inside');
    folders.close();
  });

  it('lets go of a folder only when work in it is done', async () => {
    const folders = new OpenFolders(root);
    const text = await folders.within('a/b/x', async (opened) => {
      folders.close();
      await mkdir(join(root, 'new'));
      return readFile(opened, 'utf8');
    });
    expect(text).toBe('inside');
  });

  it('does not follow a link in the place of a folder', async () => {
    const folders = new OpenFolders(root);
    await rename(join(root, 'a'), join(root, 'moved'));
    await symlink('other', join(root, 'a'));
    await symlink('../other', join(root, 'moved/link'));
    await expect(read(folders, 'a/x')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(read(folders, 'moved/link/x')).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(await read(folders, 'moved/b/x')).toBe('inside');
    folders.close();
  });
});

describe('OpenFolders', () => {
  it('does not hold more folders open than the limit, and closes all that it opened', async () => {
    const openFiles = async () => (await readdir(`/proc/${process.pid}/fd`)).length;
    const before = await openFiles();
    const folders = new OpenFolders(root);
    for (let i = 0; i < MAX_OPEN_FOLDERS + 20; i += 1) {
      await mkdir(join(root, `a/${i}`));
      await writeFile(join(root, `a/${i}/x`), String(i));
      expect(await read(folders, `a/${i}/x`)).toBe(String(i));
    }
    expect(await openFiles()).toBeLessThanOrEqual(before + MAX_OPEN_FOLDERS);
    folders.close();
    expect(await openFiles()).toBeLessThanOrEqual(before);
  });
});
