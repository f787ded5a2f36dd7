import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './benchmarks.fixture.js';
import { readJsonPictures } from './json-pictures.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  return () => rm(folder, { recursive: true });
});

/** Each member's key with its text, or the code of what is wrong with it. */
async function membersOf(text: string): Promise<string[][]> {
  const file = join(folder, 'images.json');
  await writeFile(file, text);
  const members: string[][] = [];
  for await (const { key, bytes } of readJsonPictures(file))
    members.push([key, bytes instanceof Error ? bytes.code : bytes.toString()]);
  return members;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('readJsonPictures', () => {
  it('reads pictures across the pieces in which a file comes', async () => {
    const long = 'some pixels '.repeat(50_000);
    const text = JSON.stringify({ a: base64('one'), 'b"\n': base64(long), c: base64('three') });
    expect(await membersOf(text)).toEqual([
      ['a', 'one'],
      ['b"\n', long],
      ['c', 'three'],
    ]);
  });

  it('reads escaped text, and a byte order mark', async () => {
    expect(await membersOf('\ufeff{ "a": "\\u0061GVs\\nbG8=", "b": "Pz8\\/" }')).toEqual([
      ['a', 'hello'],
      ['b', '???'],
    ]);
  });

  it('tells what is no picture, and reads the next one', async () => {
    const text = JSON.stringify({
      n: 7,
      z: null,
      o: { a: 'aGVsbG8=', b: ['x'] },
      l: ['aGVsbG8='],
      e: '',
      x: '!',
      ok: 'aGVsbG8=',
    });
    expect(await membersOf(text)).toEqual([
      ['n', 'BAD_BASE64'],
      ['z', 'BAD_BASE64'],
      ['o', 'BAD_BASE64'],
      ['l', 'BAD_BASE64'],
      ['e', 'PICTURE_EMPTY'],
      ['x', 'BAD_BASE64'],
      ['ok', 'hello'],
    ]);
    expect(await membersOf('{}')).toEqual([]);
  });

  it.each([
    ['', 'ends early'],
    ['{"a":"aGVs', 'ends early'],
    ['{"a":"aGVs"', 'ends early'],
    ['["aGVs"]', 'array'],
    ['"aGVs"', 'single value'],
    ['7 ', 'single value'],
    ['{"a" "aGVs"}', "':'"],
    ['{"a":"aGVs"} x', 'unexpected'],
  ])('refuses %j', async (text, message) => {
    await expect(membersOf(text)).rejects.toThrow(new RegExp(`${message}.*NOT_JSON`));
  });

  it('says that the file is not there', async () => {
    const members = readJsonPictures(join(folder, 'none.json'));
    await expect(members.next()).rejects.toThrow(/FILE_MISSING/);
  });
});
