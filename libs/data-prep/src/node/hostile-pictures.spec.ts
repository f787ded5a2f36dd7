import { execFileSync } from 'node:child_process';
import type * as fs from 'node:fs';
import type * as fsPromises from 'node:fs/promises';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VerifyLevel } from '../image-index.js';
import { cleanDataset } from './clean-dataset.js';

/**
 * Every path that is given to a function of `node:fs`, where it really leads: for a call that does not follow a link in
 * the last place, where the link stands.
 */
const touched = vi.hoisted(() => [] as string[]);

/** Calls that look at a link itself; `open` is one of them with O_NOFOLLOW. */
const NOT_FOLLOWING = vi.hoisted(() => new Set(['lstat', 'lstatSync', 'readlink', 'readlinkSync']));

const watching = vi.hoisted(() => <Module extends object>(module: Module, real: typeof fs): Module => {
  const place = (name: string, path: string, flags: unknown) => {
    const { realpathSync, constants } = real;
    const stays =
      NOT_FOLLOWING.has(name) || (typeof flags === 'number' && (flags & constants.O_NOFOLLOW) !== 0);
    try {
      return stays
        ? `${realpathSync(path.replace(/\/[^/]*$/, ''))}/${path.replace(/.*\//, '')}`
        : realpathSync(path);
    } catch {
      return path; // nothing is there
    }
  };
  const watched = Object.entries(module).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [name, value];
    const apply = (target: (...args: unknown[]) => unknown, self: unknown, args: unknown[]) => {
      if (typeof args[0] === 'string') touched.push(place(name, args[0], args[1]));
      return Reflect.apply(target, self, args);
    };
    return [name, new Proxy(value as (...args: unknown[]) => unknown, { apply })];
  });
  return Object.fromEntries(watched) as Module;
});
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof fs>();
  return watching({ ...actual }, actual);
});
vi.mock('node:fs/promises', async (original) => {
  const actual = await vi.importActual<typeof fs>('node:fs');
  return watching({ ...(await original<typeof fsPromises>()) }, actual);
});

/** Node makes no named pipes: this program of POSIX does. */
const MAKE_PIPE = 'mkfifo';
const LEVELS: readonly VerifyLevel[] = ['exists', 'header', 'decode'];
let folder = '';
let root = '';
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'data-prep-hostile-')));
  root = at('images');
  await mkdir(join(root, 'good'), { recursive: true });
  await mkdir(join(root, 'links'));
  await mkdir(at('outside'));
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  for (const name of ['a.jpg', '..b.jpg', 'c..jpg', '50%25.jpg', 'größe.jpg'])
    await writeFile(join(root, 'good', name), jpeg);
  for (const name of ['secret.png', 'secret.jpg']) await writeFile(at(`outside/${name}`), jpeg);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sample = (id: number, image: string) =>
  `{"id":${id},"image":${JSON.stringify(image)},"conversations":[{"from":"human","value":"<image>\\nWhat?"}]}`;

/** Cleans samples of these images: the code of each, `kept` or the name that was found; and what was touched. */
async function clean(images: readonly string[], verify: VerifyLevel) {
  await writeFile(at('mix.json'), `[${images.map((image, i) => sample(i, image)).join(',\n')}]`);
  touched.length = 0;
  await cleanDataset({ annotations: at('mix.json'), images: root, out: at('out'), verify, quiet: true });
  const outcome = new Map<number, string>();
  const paths = [...touched];
  const kept = JSON.parse(await readFile(at('out/annotations.json'), 'utf8')) as {
    id: number;
    image: string;
  }[];
  for (const { id, image } of kept) outcome.set(id, image === images[id] ? 'kept' : image);
  for (const line of (await readFile(at('out/rejects.jsonl'), 'utf8')).trimEnd().split('\n')) {
    if (line === '') continue;
    const { index, code } = JSON.parse(line) as { index: number; code: string };
    outcome.set(index, code);
  }
  return { codes: images.map((image, i) => [image, outcome.get(i)]), paths };
}

const isBelow = (path: string, parent: string) => path === parent || path.startsWith(parent + sep);

/** What was touched that is neither a picture nor part of what the run reads and writes. */
function strays(paths: readonly string[]): string[] {
  return paths.filter(
    (path) =>
      path !== folder &&
      !isBelow(path, root) &&
      !isBelow(path, at('out')) &&
      !path.startsWith(at('out.')) &&
      path !== at('mix.json') &&
      // What a process reads about itself and others for its lock.
      !path.startsWith('/proc/'),
  );
}

describe('names that leave the root', () => {
  const escaping = () => [
    '/etc/passwd',
    at('outside/secret.png'),
    '../outside/secret.png',
    'good/../../outside/secret.png',
    './../outside/secret.png',
    '..\\outside\\secret.png',
    'good\\..\\..\\outside\\secret.png',
    'good/..\\../outside/secret.png',
    '\\etc\\passwd',
    '%2e%2e/outside/secret.png',
    '%2E%2E%2Foutside%2Fsecret.png',
    '..%5coutside%5csecret.png',
    '%252e%252e%252foutside%252fsecret.png',
    'good/a.jpg\0.png',
    'good/a%00.jpg',
    'C:\\outside\\secret.png',
    'C:/outside/secret.png',
    'c:secret.png',
    '\\\\server\\share\\secret.png',
    '//server/share/secret.png',
    '\\\\?\\C:\\secret.png',
    '%c0%ae%c0%ae/outside/secret.png',
    '..%c0%afoutside%c0%afsecret.png',
    '%e0%80%ae%e0%80%ae%e0%80%afoutside/secret.png',
    '..%c1%9coutside/secret.png',
    '..',
    'good/..',
    '',
    'links/absolute.png',
    'links/relative.png',
    'links/twice.png',
    'links/folder/secret.png',
    'links/folder/../outside/secret.png',
    'links/all/etc/passwd',
    'links/self/../../outside/secret.png',
  ];

  it.each(LEVELS)('are dropped at level %s, and nothing outside is touched', async (verify) => {
    await symlink(at('outside/secret.png'), join(root, 'links/absolute.png'));
    await symlink('../../outside/secret.png', join(root, 'links/relative.png'));
    await symlink('absolute.png', join(root, 'links/twice.png'));
    await symlink('../../outside', join(root, 'links/folder'));
    await symlink('/', join(root, 'links/all'));
    await symlink('..', join(root, 'links/self'));
    const names = escaping();
    expect(names.length).toBeGreaterThanOrEqual(24);
    const { codes, paths } = await clean(names, verify);
    expect(codes).toEqual(names.map((name) => [name, 'PATH_ESCAPE']));
    expect(strays(paths)).toEqual([]);
    expect(paths.filter((path) => isBelow(path, at('outside')))).toEqual([]);
  });

  it.each(LEVELS)('have neighbours that stay inside and are kept at level %s', async (verify) => {
    await symlink('../good/a.jpg', join(root, 'links/near.jpg'));
    await symlink(join(root, 'good'), join(root, 'links/good'));
    const names = [
      'good/a.jpg',
      './good/a.jpg',
      'good/../good/a.jpg',
      'good//a.jpg',
      'good/..b.jpg',
      'good/c..jpg',
    ];
    names.push(
      'good/50%25.jpg',
      'good/größe.jpg',
      'links/near.jpg',
      'links/good/a.jpg',
      'links/../good/a.jpg',
    );
    const { codes, paths } = await clean(names, verify);
    expect(codes).toEqual(names.map((name) => [name, 'kept']));
    expect(strays(paths)).toEqual([]);
    expect(paths).toContain(join(root, 'good'));
    expect(paths.includes(join(root, 'good/a.jpg'))).toBe(verify !== 'exists');
  });

  it('do not become others by looking for another extension', async () => {
    await symlink(at('outside/secret.png'), join(root, 'good/d.png'));
    await symlink('../../outside/secret.jpg', join(root, 'good/a.png'));
    const { codes, paths } = await clean(
      ['good/d.jpg', 'good/a.gif', 'links/../../outside/secret.gif'],
      'decode',
    );
    expect(codes).toEqual([
      ['good/d.jpg', 'IMAGE_MISSING'],
      ['good/a.gif', 'good/a.jpg'],
      ['links/../../outside/secret.gif', 'PATH_ESCAPE'],
    ]);
    expect(strays(paths)).toEqual([]);
  });

  it('are dropped with a code of their own where their bytes are an overlong form', async () => {
    const [before = '', after = ''] = sample(0, 'AB/outside/secret.png').split('AB');
    const overlong = Buffer.from([0xc0, 0xae, 0xc0, 0xae]);
    await writeFile(
      at('mix.json'),
      Buffer.concat([
        Buffer.from(before),
        overlong,
        Buffer.from(after),
        Buffer.from(`\n${sample(1, 'good/a.jpg')}`),
      ]),
    );
    const report = await cleanDataset({
      annotations: at('mix.json'),
      images: root,
      out: at('out'),
      quiet: true,
    });
    expect(report).toMatchObject({ samples: 2, kept: 1, dropped: { INVALID_UTF8: 1 } });
  });
});

describe('files that are no pictures', () => {
  it.each([
    ['exists', ['kept', 'kept', 'kept', 'kept']],
    ['header', ['IMAGE_EMPTY', 'IMAGE_UNKNOWN', 'kept', 'kept']],
    ['decode', ['IMAGE_EMPTY', 'IMAGE_UNKNOWN', 'IMAGE_CORRUPT', 'IMAGE_TOO_LARGE']],
  ] as const)('are dropped one by one at level %s', async (verify, ofFiles) => {
    await mkdir(join(root, 'odd/folder.jpg'), { recursive: true });
    await writeFile(join(root, 'odd/folder.jpg/inner.jpg'), 'not looked at');
    execFileSync(MAKE_PIPE, [join(root, 'odd/pipe.jpg')]);
    await symlink('circle.jpg', join(root, 'odd/circle.jpg'));
    await symlink('nowhere.jpg', join(root, 'odd/broken.jpg'));
    await writeFile(join(root, 'odd/empty.jpg'), '');
    await writeFile(join(root, 'odd/page.jpg'), '<html>404 Not Found</html>');
    await writeFile(join(root, 'odd/half.jpg'), (await readFile(join(root, 'good/a.jpg'))).subarray(0, 100));
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await writeFile(join(root, 'odd/long.png'), png);
    await truncate(join(root, 'odd/long.png'), 65 * 1024 * 1024);
    const server = createServer();
    await new Promise<void>((listening) => server.listen(join(root, 'odd/socket.jpg'), listening));
    try {
      const missing = [
        'folder.jpg',
        'pipe.jpg',
        'circle.jpg',
        'broken.jpg',
        'socket.jpg',
        'none.jpg',
        'empty.jpg/x.jpg',
      ];
      const files = ['empty.jpg', 'page.jpg', 'half.jpg', 'long.png'];
      const names = [...missing, ...files].flatMap((name) => [`odd/${name}`, 'good/a.jpg']);
      const { codes, paths } = await clean(names, verify);
      const expected = [...missing.map(() => 'IMAGE_MISSING'), ...ofFiles].flatMap((code) => [code, 'kept']);
      expect(codes.map(([, code]) => code)).toEqual(expected);
      expect(strays(paths)).toEqual([]);
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  });

  it.each(['header', 'decode'] as const)(
    'and files and folders that may not be read, at level %s',
    async (verify) => {
      await mkdir(join(root, 'closed'));
      await writeFile(join(root, 'good/locked.jpg'), await readFile(join(root, 'good/a.jpg')));
      await chmod(join(root, 'good/locked.jpg'), 0);
      await chmod(join(root, 'closed'), 0);
      await chmod(folder, 0o777);
      await writeFile(at('mix.json'), '');
      await chmod(at('mix.json'), 0o666);
      const { codes } = await asNobody(() =>
        clean(['good/locked.jpg', 'closed/a.jpg', 'good/a.jpg'], verify),
      );
      expect(codes.map(([, code]) => code)).toEqual(['IMAGE_UNREADABLE', 'IMAGE_UNREADABLE', 'kept']);
    },
  );
});

/** Runs `work` as a user without rights: root may read everything, whatever its mode. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
