import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { mkdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Fingerprints, sha256File } from './fingerprint.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Counts the files that are opened for reading, by name. */
function spyOnReading() {
  const spy = vi.spyOn(fs, 'createReadStream');
  syncBuiltinESMExports();
  onTestFinished(() => {
    spy.mockRestore();
    syncBuiltinESMExports();
  });
  return () => spy.mock.calls.length;
}

async function write(root: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

describe('sha256File', () => {
  it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])('hashes %i bytes', async (size) => {
    const file = join(await temporaryFolder(), 'a');
    const bytes = new Uint8Array(size).fill(7);
    await writeFile(file, bytes);
    expect(await sha256File(file)).toBe(sha256(bytes));
  });

  it.each([
    ['missing', 'FILE_MISSING'],
    ['.', 'NOT_A_FILE'],
  ])('refuses %s', async (name, code) => {
    const file = join(await temporaryFolder(), name);
    await expect(sha256File(file)).rejects.toMatchObject({ code, file });
  });
});

describe('the fingerprint of a file', () => {
  it('may be known from another memo, which stays as it is', async () => {
    const folder = await temporaryFolder();
    await write(folder, { a: 'bytes', b: 'others' });
    const [memo, other] = [join(folder, 'memo.tsv'), join(folder, 'other.tsv')];
    const writer = await Fingerprints.open(other);
    writer.remember(join(folder, 'a'), sha256('bytes'));
    await writer.save();
    const before = await readFile(other);
    const reader = await Fingerprints.open(memo, [other, join(folder, 'none')]);
    expect([reader.known(join(folder, 'a')), reader.known(join(folder, 'b'))]).toEqual([
      sha256('bytes'),
      undefined,
    ]);
    await reader.of(join(folder, 'b'));
    await reader.save();
    expect(await readFile(other)).toEqual(before);
    expect((await Fingerprints.open(memo)).known(join(folder, 'b'))).toBe(sha256('others'));
  });

  it('is its SHA-256, and is read once', async () => {
    const folder = await temporaryFolder();
    await write(folder, { a: 'bytes' });
    const reads = spyOnReading();
    const memo = join(folder, 'state', 'memo.tsv');
    const first = await Fingerprints.open(memo);
    expect(await first.of(join(folder, 'a'))).toBe(sha256('bytes'));
    expect(await first.of(join(folder, 'a'))).toBe(sha256('bytes'));
    await first.save();
    const second = await Fingerprints.open(memo);
    expect(await second.of(join(folder, 'a'))).toBe(sha256('bytes'));
    expect(reads()).toBe(1);
  });

  it.each<[name: string, change: (file: string) => Promise<unknown>]>([
    ['another mtime, same size', (file) => utimes(file, 1, 1)],
    ['other bytes, same size', (file) => writeFile(file, 'other')],
    [
      'other bytes, same size and mtime, another inode',
      async (file) => {
        const { atime, mtime } = fs.statSync(file);
        await writeFile(`${file}.new`, 'other');
        await utimes(`${file}.new`, atime, mtime);
        await rename(`${file}.new`, file);
      },
    ],
  ])('is read again: %s', async (_, change) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a');
    await write(folder, { a: 'bytes' });
    await utimes(file, 1000, 1000);
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    await fingerprints.of(file);
    const reads = spyOnReading();
    await change(file);
    expect(await fingerprints.of(file)).toBe(sha256(await readFile(file)));
    expect(reads()).toBe(1);
  });

  it('can be told', async () => {
    const folder = await temporaryFolder();
    await write(folder, { a: 'bytes' });
    const reads = spyOnReading();
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    fingerprints.remember(join(folder, 'a'), sha256('bytes'));
    expect(await fingerprints.of(join(folder, 'a'))).toBe(sha256('bytes'));
    expect(reads()).toBe(0);
  });

  it('refuses a pipe, which might never end', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'pipe');
    execFileSync('mkfifo', [file]);
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    await expect(fingerprints.of(file)).rejects.toMatchObject({ code: 'NOT_A_FILE', file });
  });
});

describe('the fingerprint of a folder', () => {
  const files = { 'b/c.txt': 'one', 'a.txt': 'two', 'b/d/e.txt': 'three' };
  const fingerprintOf = async (names: Record<string, string>) => {
    const folder = await temporaryFolder();
    await write(join(folder, 'root'), names);
    return (await Fingerprints.open(join(folder, 'memo.tsv'))).of(join(folder, 'root'));
  };

  it('does not depend on place and order', async () => {
    const turned = Object.fromEntries(Object.entries(files).reverse());
    expect(await fingerprintOf(turned)).toBe(await fingerprintOf(files));
  });

  it('is the hash of sorted names and hashes', async () => {
    const lines = ['a.txt', 'b/c.txt', 'b/d/e.txt'].map(
      (name) => `${name}\0${sha256(files[name as keyof typeof files])}\n`,
    );
    expect(await fingerprintOf(files)).toBe(sha256(lines.join('')));
  });

  it.each([
    ['bytes', { ...files, 'a.txt': 'twO' }],
    ['a name', { 'b/c.txt': 'one', 'z.txt': 'two', 'b/d/e.txt': 'three' }],
    ['a folder', { 'x/c.txt': 'one', 'a.txt': 'two', 'x/d/e.txt': 'three' }],
    ['swapped bytes', { ...files, 'a.txt': 'one', 'b/c.txt': 'two' }],
    ['one file more', { ...files, 'f.txt': '' }],
    ['one file less', { 'b/c.txt': 'one', 'a.txt': 'two' }],
  ])('depends on %s', async (_, other) => {
    expect(await fingerprintOf(other)).not.toBe(await fingerprintOf(files));
  });

  it('reads again the file alone that has changed, of the same size', async () => {
    const folder = await temporaryFolder();
    const root = join(folder, 'root');
    const expected = await fingerprintOf({ ...files, 'b/c.txt': 'eno' });
    await write(root, files);
    const memo = join(folder, 'memo.tsv');
    const first = await Fingerprints.open(memo);
    await utimes(join(root, 'b/c.txt'), 1000, 1000);
    await first.of(root);
    await first.save();
    await write(root, { 'b/c.txt': 'eno' });
    const reads = spyOnReading();
    const second = await Fingerprints.open(memo);
    expect(await second.of(root)).toBe(expected);
    expect(reads()).toBe(1);
  });

  it('knows links by their text and target, and opens nothing through them', async () => {
    const folder = await temporaryFolder();
    await write(folder, { 'root/a': '1', 'elsewhere/c': '3', d: '4' });
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    const seen = new Set<string>();
    const look = async () => seen.add(await fingerprints.of(join(folder, 'root'))).size;
    expect(await look()).toBe(1);
    await symlink('../d', join(folder, 'root', 'd'));
    const reads = spyOnReading();
    expect(await look()).toBe(2);
    await writeFile(join(folder, 'd'), 'other');
    expect(await look()).toBe(3);
    await symlink('../elsewhere', join(folder, 'root', 'linked'));
    expect(await look()).toBe(4);
    await writeFile(join(folder, 'elsewhere', 'c'), '33');
    expect(await look()).toBe(4);
    expect(reads()).toBe(0);
  });

  it.each([
    ['a circle of links', (at: string) => symlink('.', at)],
    ['a link to itself', (at: string) => symlink('stray', at)],
    ['a dangling link', (at: string) => symlink('nowhere', at)],
    ['a pipe', async (at: string) => void (await promisify(execFile)('mkfifo', [at]))],
  ])('takes %s as it is, and is another with it', async (_, make) => {
    const folder = await temporaryFolder();
    await write(folder, { 'root/a': '1' });
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    const before = await fingerprints.of(join(folder, 'root'));
    await make(join(folder, 'root', 'stray'));
    const after = await fingerprints.of(join(folder, 'root'));
    expect(after).not.toBe(before);
    expect(await fingerprints.of(join(folder, 'root'))).toBe(after);
  });

  it('holds many files', async () => {
    const names = Array.from({ length: 500 }, (_, i) => [`${i % 7}/${i}.txt`, `${i}`]);
    expect(await fingerprintOf(Object.fromEntries(names) as Record<string, string>)).toMatch(
      /^[0-9a-f]{64}$/,
    );
  });
});

describe('matches', () => {
  it.each([
    ['the same', 'a', 'bytes', true],
    ['another size', 'a', 'bytes!', false],
    ['another hash', 'a', 'other', false],
    ['a missing file', 'missing', 'bytes', false],
    ['a path through a file', 'a/b', 'bytes', false],
    ['a folder', '.', 'bytes', false],
  ])('%s', async (_, name, expected, answer) => {
    const folder = await temporaryFolder();
    await write(folder, { a: 'bytes' });
    const fingerprints = await Fingerprints.open(join(folder, 'memo.tsv'));
    const file = { size: expected.length, sha256: sha256(expected) };
    expect(await fingerprints.matches(join(folder, name), file)).toBe(answer);
  });
});

/** One bit of a hexadecimal digit. */
const flipDigit = (text: string, at: number) =>
  text.slice(0, at) + (Number.parseInt(text.charAt(at), 16) ^ 1).toString(16) + text.slice(at + 1);

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const isOfFile = (line: string) => [sha256('1'), sha256('2')].some((hash) => line.includes(hash));
/** The lines of two files, without that of their folder. */
const ofFiles = (text: string) =>
  linesOf(text)
    .filter(isOfFile)
    .map((line) => `${line}\n`)
    .join('');
const ofFolder = (text: string) => `${linesOf(text).find((line) => !isOfFile(line)) ?? ''}\n`;

describe('the memo file', () => {
  it.each([
    ['cut in a line', (text: string) => ofFiles(text).slice(0, -30), 1],
    ['cut after a line', (text: string) => ofFiles(text).slice(0, text.indexOf('\n') + 1), 1],
    ['with lines run together', (text: string) => ofFiles(text).replace('\n', ''), 2],
    ['not text', () => '\0\u0001\ufffd\t\t\n\t', 2],
    ['with a hash that is none', (text: string) => text.replaceAll(/\t./g, '\tX'), 2],
    ['with a digit of a hash flipped', (text: string) => flipDigit(ofFiles(text), text.indexOf('\t') + 9), 1],
    [
      "with a digit of the folder's hash flipped",
      (text: string) => text.replace(ofFolder(text), flipDigit(ofFolder(text), text.indexOf('\t') + 9)),
      0,
    ],
    ['without the files', ofFolder, 0],
    ['out of order', (text: string) => linesOf(ofFiles(text)).reverse().join('\n') + '\n', 1],
    ['empty', () => '', 2],
    ['whole', (text: string) => text, 0],
  ])('only costs time where it is %s', async (_, tear, again) => {
    const folder = await temporaryFolder();
    const memo = join(folder, 'memo.tsv');
    await write(folder, { 'root/a': '1', 'root/b': '2' });
    const first = await Fingerprints.open(memo);
    const whole = await first.of(join(folder, 'root'));
    await first.save();
    await writeFile(memo, tear(await readFile(memo, 'utf8')));
    const reads = spyOnReading();
    const second = await Fingerprints.open(memo);
    expect(await second.of(join(folder, 'root'))).toBe(whole);
    expect(reads()).toBe(again);
    await second.save();
    expect(await (await Fingerprints.open(memo)).of(join(folder, 'root'))).toBe(whole);
    expect(reads()).toBe(again);
  });

  it('keeps what other runs learnt, and is not written without news', async () => {
    const folder = await temporaryFolder();
    const memo = join(folder, 'memo.tsv');
    await write(folder, { a: '1', b: '2' });
    for (const name of ['a', 'b']) {
      const fingerprints = await Fingerprints.open(memo);
      await fingerprints.of(join(folder, name));
      await fingerprints.save();
    }
    expect((await readFile(memo, 'utf8')).trim().split('\n')).toHaveLength(2);
    const { ino } = fs.statSync(memo);
    const fingerprints = await Fingerprints.open(memo);
    await fingerprints.of(join(folder, 'a'));
    await fingerprints.save();
    expect(fs.statSync(memo).ino).toBe(ino);
  });

  it('is refused where it is a folder', async () => {
    const folder = await temporaryFolder();
    await expect(Fingerprints.open(folder)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });
});
