import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAtomicFile, writeFileAtomic } from './atomic-file.js';
import { CompiledLib } from './real-process.fixture.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

// eslint-disable-next-line @typescript-eslint/require-await -- an asynchronous iterable is what is tested
async function* chunks(...items: (string | Uint8Array | Error)[]) {
  for (const item of items) {
    if (item instanceof Error) throw item;
    yield item;
  }
}

/** The class of open files, to make the system's calls fail; Node does not export it. */
async function fileHandlePrototype(): Promise<
  Record<'write' | 'sync' | 'close', (...args: unknown[]) => unknown>
> {
  const file = await open(import.meta.filename);
  await file.close();
  return Object.getPrototypeOf(file) as Record<'write' | 'sync' | 'close', (...args: unknown[]) => unknown>;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('writeFileAtomic', () => {
  it.each<[name: string, data: () => Parameters<typeof writeFileAtomic>[1], bytes: string | Uint8Array]>([
    ['text', () => 'é\n', 'é\n'],
    ['nothing', () => '', ''],
    ['bytes', () => new Uint8Array([0, 255, 10]), new Uint8Array([0, 255, 10])],
    ['a view', () => new Uint8Array([9, 1, 2, 9]).subarray(1, 3), new Uint8Array([1, 2])],
    ['chunks', () => chunks('a', new Uint8Array([98]), '', 'c'), 'abc'],
    ['no chunks', () => chunks(), ''],
  ])('writes %s', async (_, data, bytes) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'new', 'folders', 'a');
    const written = await writeFileAtomic(file, data());
    expect(await readFile(file)).toEqual(Buffer.from(bytes));
    expect(written).toEqual({ size: Buffer.from(bytes).length, sha256: sha256(bytes) });
    expect(await readdir(join(folder, 'new', 'folders'))).toEqual(['a']);
  });

  it('replaces a file, and the longest name', async () => {
    const folder = await temporaryFolder();
    for (const name of ['a', 'x'.repeat(255)]) {
      await writeFileAtomic(join(folder, name), 'old');
      await writeFileAtomic(join(folder, name), 'new');
      expect(await readFile(join(folder, name), 'utf8')).toBe('new');
    }
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('replaces a symbolic link, not what it points to', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'other'), 'other');
    await symlink('other', join(folder, 'a'));
    await writeFileAtomic(join(folder, 'a'), 'new');
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('other');
  });

  it('writes on where the system takes a part of the bytes', async () => {
    const prototype = await fileHandlePrototype();
    const write = prototype.write;
    const spy = vi.spyOn(prototype, 'write').mockImplementation(function (
      this: unknown,
      bytes,
      offset,
      length,
    ) {
      return write.call(this, bytes, offset, Math.min(Number(length), 3));
    });
    const file = join(await temporaryFolder(), 'a');
    const text = 'ten bytes.';
    expect(await writeFileAtomic(file, text)).toEqual({ size: 10, sha256: sha256(text) });
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(spy).toHaveBeenCalledTimes(4);
  });

  it('gives all of many writers a whole file', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a');
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000));
    const written = await Promise.all(texts.map((text) => writeFileAtomic(file, text)));
    expect(texts).toContain(await readFile(file, 'utf8'));
    expect(written.map((one) => one.sha256)).toEqual(texts.map(sha256));
    expect(await readdir(folder)).toEqual(['a']);
  });
});

describe('a write that fails', () => {
  const failing: [name: string, method: 'write' | 'sync', errno: string, code: string, exitCode: number][] = [
    ['a full disk while writing', 'write', 'ENOSPC', 'DISK_FULL', 74],
    ['a full disk while flushing', 'sync', 'ENOSPC', 'DISK_FULL', 74],
    ['a used up quota', 'write', 'EDQUOT', 'DISK_FULL', 74],
    ['a broken disk', 'write', 'EIO', 'IO_FAILED', 74],
  ];
  it.each(failing)('keeps the old file: %s', async (_, method, errno, code, exitCode) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a');
    await writeFileAtomic(file, 'old');
    const spy = vi
      .spyOn(await fileHandlePrototype(), method)
      .mockRejectedValue(Object.assign(new Error(errno), { code: errno, errno: -1 }));
    await expect(writeFileAtomic(file, 'new')).rejects.toMatchObject({ code, exitCode, file });
    await expect(writeFileAtomic(file, chunks('n', 'ew'))).rejects.toMatchObject({ code });
    expect(spy).toHaveBeenCalledTimes(2);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('keeps the old file where the source throws', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a');
    await writeFileAtomic(file, 'old');
    const failure = new Error('bad sample');
    await expect(writeFileAtomic(file, chunks('new', failure))).rejects.toBe(failure);
    await expect(writeFileAtomic(join(folder, 'b'), chunks(failure))).rejects.toBe(failure);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('tells a wrong path', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder', 'full'), { recursive: true });
    await writeFile(join(folder, 'file'), '');
    const paths = { folder: 'NOT_A_FILE', 'file/a': 'FILE_MISSING', ['x'.repeat(256)]: 'FILE_MISSING' };
    for (const [name, code] of Object.entries(paths)) {
      const file = join(folder, name);
      await expect(writeFileAtomic(file, 'x')).rejects.toMatchObject({ code, exitCode: 2, file });
    }
    expect((await readdir(folder)).sort()).toEqual(['file', 'folder']);
  });
});

describe('createAtomicFile', () => {
  it('shows nothing before its commit', async () => {
    const folder = await temporaryFolder();
    const file = await createAtomicFile(join(folder, 'a'));
    await file.write('x');
    expect((await readdir(folder)).filter((name) => name === 'a')).toEqual([]);
    expect(await file.commit()).toEqual({ size: 1, sha256: sha256('x') });
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('can be aborted, twice and after its commit', async () => {
    const folder = await temporaryFolder();
    const file = await createAtomicFile(join(folder, 'a'));
    await file.write('x');
    await file.abort();
    await file.abort();
    expect(await readdir(folder)).toEqual([]);
    const other = await createAtomicFile(join(folder, 'b'));
    await other.commit();
    await other.abort();
    expect(await readdir(folder)).toEqual(['b']);
  });
});

/** A file system of 1 MB; undefined where this user may not mount one. */
async function tinyDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'flexattn-tiny-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return undefined;
  }
}

describe('a disk that is really full', () => {
  it('keeps the old file and leaves its space free', async (context) => {
    const disk = await tinyDisk();
    if (disk === undefined) return context.skip('mounting needs root');
    try {
      const file = join(disk, 'a');
      await writeFileAtomic(file, 'old');
      const halves = [new Uint8Array(600_000), new Uint8Array(600_000)];
      await expect(writeFileAtomic(file, chunks(...halves))).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(await readdir(disk)).toEqual(['a']);
      expect(await readFile(file, 'utf8')).toBe('old');
      expect((await writeFileAtomic(file, new Uint8Array(800_000))).size).toBe(800_000);
    } finally {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    }
  });
});

describe('a process that is killed while it writes', () => {
  it('leaves the old file; the next process removes its leftover, but not those of others', async () => {
    const lib = await CompiledLib.make();
    try {
      const folder = await temporaryFolder();
      const file = join(folder, 'a');
      await writeFile(file, 'old');
      const write = `
        import { createAtomicFile } from './src/node/atomic-file.js';
        const file = await createAtomicFile(process.argv[2]);
        await file.write('new');
        console.log('written');
        await new Promise((resolve) => setTimeout(resolve, 60_000));`;
      const killed = await lib.start(write, file);
      const living = await lib.start(write, file);
      await Promise.all([killed.said('written'), living.said('written')]);
      killed.kill('SIGKILL');
      expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
      expect(await readFile(file, 'utf8')).toBe('old');
      const elsewhere = '.1-1-abc@another-host.partial';
      await writeFile(join(folder, elsewhere), '');
      expect(await readdir(folder)).toHaveLength(4);

      await writeFileAtomic(file, 'newer');
      const left = await readdir(folder);
      expect(left).toHaveLength(3);
      expect(left).toContain(elsewhere);
      expect(left.some((name) => name.startsWith(`.${living.pid}-`))).toBe(true);
      living.kill('SIGKILL');
      await living.ended;
    } finally {
      await lib.remove();
    }
  });
});
