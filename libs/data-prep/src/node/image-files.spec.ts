import { execFileSync } from 'node:child_process';
import type * as fs from 'node:fs';
import type * as fsPromises from 'node:fs/promises';
import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openImageIndex } from './image-files.js';

/** Where every path stands that the library opens, lists, or reads a link of. */
const touched = vi.hoisted(() => [] as string[]);
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof fs>();
  const open = watched(actual.open, actual);
  const openSync = watched(actual.openSync, actual);
  const opendirSync = watched(actual.opendirSync, actual);
  return { ...actual, open, openSync, opendirSync };
});
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof fsPromises>();
  const real = await vi.importActual<typeof fs>('node:fs');
  return { ...actual, readlink: watched(actual.readlink, real) };
});

/** None of the calls follows a link in the last part of a path; the arguments differ from overload to overload. */
const watched = vi.hoisted(
  () =>
    (work: (...args: never[]) => unknown, { realpathSync }: typeof fs) =>
    (...args: unknown[]) => {
      const [, parent = '', name = ''] = /^(.*)\/(.*)$/.exec(String(args[0])) ?? [];
      touched.push(name === '.' ? realpathSync(parent) : `${realpathSync(parent)}/${name}`);
      return Reflect.apply(work as (...all: unknown[]) => unknown, undefined, args);
    },
);

/** Node makes no named pipes: this program of POSIX does. */
const MAKE_PIPE = 'mkfifo';
const PNG = Buffer.from('\x89PNG\r\n\x1a\n0123456789', 'latin1');
let folder = '';
let root = '';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'data-prep-')));
  root = join(folder, 'images');
  await mkdir(join(root, 'a'), { recursive: true });
  await mkdir(join(folder, 'outside'));
  await writeFile(join(root, 'a', 'x.png'), PNG);
  await writeFile(join(folder, 'outside', 'secret.png'), PNG);
  touched.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function resolved(name: string, verify: 'exists' | 'header' = 'header') {
  const index = await openImageIndex(root, { verify });
  const finding = await index.resolve(name);
  return 'problem' in finding ? finding.problem : finding;
}

/** Runs `work` as a user without rights: root may read everything, whatever its mode. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  await chmod(folder, 0o755);
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('openImageIndex on real files', () => {
  it('finds a picture and tells its size and type', async () => {
    expect(await resolved('a/x.jpg')).toEqual({ found: 'a/x.png', size: 18, type: 'png' });
  });

  it('takes a root that is a link, and links to it', async () => {
    await symlink(root, join(folder, 'shortcut'));
    await symlink(join(folder, 'shortcut', 'a', 'x.png'), join(root, 'named.png'));
    await symlink(join(root, 'a', 'x.png'), join(root, 'real.png'));
    await symlink('a/../a/x.png', join(root, 'relative.png'));
    await symlink('a', join(root, 'b'));
    root = join(folder, 'shortcut');
    for (const name of ['named.png', 'real.png', 'relative.png', 'b/x.png'])
      expect(await resolved(name)).toMatchObject({ found: name, type: 'png' });
  });

  it('follows 40 links on the way to a picture, and no more', async () => {
    await symlink('a/x.png', join(root, 'link0.png'));
    for (let i = 1; i < 41; i += 1) await symlink(`link${i - 1}.png`, join(root, `link${i}.png`));
    expect(await resolved('link39.png')).toMatchObject({ found: 'link39.png', type: 'png' });
    expect(await resolved('link40.png')).toBe('IMAGE_MISSING');
  });

  it('opens nothing outside the root, whatever names and links say', async () => {
    await symlink(join(folder, 'outside', 'secret.png'), join(root, 'absolute.png'));
    await symlink('../outside/secret.png', join(root, 'relative.png'));
    await symlink('../../outside', join(root, 'a', 'folder'));
    await symlink('/', join(root, 'everything'));
    await symlink('absolute.png', join(root, 'twice.png'));
    const names = [
      'absolute.png',
      'relative.png',
      'a/folder/secret.png',
      'everything/etc/passwd',
      'twice.png',
    ];
    names.push(
      '../outside/secret.png',
      join(folder, 'outside', 'secret.png'),
      'a/../../outside/secret.png',
      '%2e%2e/outside/secret.png',
    );
    for (const name of names) expect([name, await resolved(name)]).toEqual([name, 'PATH_ESCAPE']);
    expect(touched.length).toBeGreaterThan(0);
    expect(touched.filter((path) => path !== root && !path.startsWith(root + sep))).toEqual([]);
  });

  it.each(['header', 'decode'] as const)(
    'does not take a file that became a link since its folder was listed, at level %s',
    async (verify) => {
      const index = await openImageIndex(root, { verify, journal: join(folder, 'journal') });
      await index.resolve('a/other.png');
      await rm(join(root, 'a', 'x.png'));
      await symlink(join(folder, 'outside', 'secret.png'), join(root, 'a', 'x.png'));
      expect(await index.resolve('a/x.png')).toMatchObject({ problem: 'IMAGE_MISSING' });
      await index.close();
    },
  );

  it('does not take folders, sockets and pipes for pictures', async () => {
    await mkdir(join(root, 'folder.png'));
    execFileSync(MAKE_PIPE, [join(root, 'pipe.png')]);
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(root, 'socket.png'), done));
    try {
      for (const name of ['folder.png', 'pipe.png', 'socket.png']) {
        expect([name, await resolved(name), await resolved(name, 'exists')]).toEqual([
          name,
          'IMAGE_MISSING',
          'IMAGE_MISSING',
        ]);
      }
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('tells a file that may not be read from one that is not there', async () => {
    await chmod(join(root, 'a', 'x.png'), 0);
    expect(await asNobody(() => resolved('a/x.png'))).toBe('IMAGE_UNREADABLE');
    await chmod(join(root, 'a', 'x.png'), 0o644);
    expect(await asNobody(() => resolved('a/x.png'))).toMatchObject({ found: 'a/x.png' });
  });

  it('tells a folder that may not be read from one that is not there', async () => {
    await chmod(join(root, 'a'), 0);
    expect(await asNobody(() => resolved('a/x.png'))).toBe('IMAGE_UNREADABLE');
    expect(await asNobody(() => resolved('b/x.png'))).toBe('IMAGE_MISSING');
  });

  it.each(['header', 'decode'] as const)(
    'does not follow a folder that has become a link since it was listed: %s',
    async (verify) => {
      const index = await openImageIndex(root, { verify });
      expect(await index.resolve('a/other.png')).toMatchObject({ problem: 'IMAGE_MISSING' });
      await writeFile(join(folder, 'outside', 'x.png'), 'GIF89a0123456789');
      await rename(join(root, 'a'), join(root, 'moved'));
      await symlink('../outside', join(root, 'a'));
      touched.length = 0;
      await index.resolve('a/x.png');
      expect(await index.readBytes('a/x.png')).toEqual(verify === 'header' ? PNG : expect.anything());
      await index.close();
      expect(touched.every((path) => path.startsWith(root + sep))).toBe(true);
    },
  );

  it('does not follow a folder that becomes a link before it is opened', async () => {
    await mkdir(join(root, 'a', 'b'));
    await writeFile(join(folder, 'outside', 'x.png'), PNG);
    const index = await openImageIndex(root);
    expect(await index.resolve('a/x.png')).toMatchObject({ found: 'a/x.png' });
    await rm(join(root, 'a', 'b'), { recursive: true });
    await symlink('../../outside', join(root, 'a', 'b'));
    touched.length = 0;
    expect(await index.resolve('a/b/x.png')).toMatchObject({ problem: 'IMAGE_MISSING' });
    await index.close();
    expect(touched.filter((path) => !path.startsWith(root + sep))).toEqual([]);
  });

  it('refuses a root that may not be read', async () => {
    await chmod(root, 0o100);
    await expect(asNobody(() => resolved('a/x.png'))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      file: root,
    });
  });

  it.each([
    ['is not there', 'nowhere'],
    ['is a file', 'a/x.png'],
  ])('refuses a root that %s', async (_, path) => {
    await expect(openImageIndex(join(root, path))).rejects.toMatchObject({
      code: 'IMAGE_ROOT_MISSING',
      exitCode: 2,
    });
  });

  it('stops where the root goes away during the run, rather than call its images missing', async () => {
    const index = await openImageIndex(root);
    await rename(root, join(folder, 'moved'));
    await expect(index.resolve('a/x.png')).rejects.toMatchObject({ code: 'IMAGE_ROOT_VANISHED' });
    await mkdir(root);
    await expect(index.checkRoot()).rejects.toMatchObject({ code: 'IMAGE_ROOT_VANISHED' });
    await rm(root, { recursive: true });
    await rename(join(folder, 'moved'), root);
    await index.checkRoot();
    expect(await index.resolve('a/x.png')).toMatchObject({ found: 'a/x.png' });
  });

  it('stops at level decode too, also where the journal knows the picture', async () => {
    const open = () => openImageIndex(root, { verify: 'decode', journal: join(folder, 'journal') });
    const first = await open();
    expect(await first.resolve('a/x.png')).toMatchObject({ problem: 'IMAGE_CORRUPT' });
    await first.close();
    const second = await open();
    await second.resolve('a/other.png');
    await rm(root, { recursive: true });
    await expect(second.resolve('a/x.png')).rejects.toMatchObject({ code: 'IMAGE_ROOT_VANISHED' });
    await second.close();
  });

  it('calls an image missing that goes away during the run, while the root stays', async () => {
    const index = await openImageIndex(root);
    await index.resolve('a/other.png');
    await rm(join(root, 'a', 'x.png'));
    expect(await index.resolve('a/x.png')).toMatchObject({ problem: 'IMAGE_MISSING' });
  });
});
