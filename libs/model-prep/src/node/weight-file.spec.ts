import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../checkpoint.fixture.js';
import { entryKind, readRange, withWeightFile } from './weight-file.js';

const MIB = 1024 * 1024;
/** More than two pieces; no two pieces are alike. */
const bytes = Uint8Array.from({ length: 18 * MIB }, (_, i) => (i * 31) ^ (i >> 16));
let root: string;
let file: string;

beforeAll(() => {
  root = temporaryFolder();
  file = join(root, 'weights');
  writeFileSync(file, bytes);
});
afterAll(() => rmSync(root, { recursive: true }));

describe('readRange', () => {
  it('gives a range of any length in pieces of at most 8 MiB', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of readRange(file, 5, 17 * MIB)) pieces.push(piece);
    expect(pieces.map((piece) => piece.byteLength)).toEqual([8 * MIB, 8 * MIB, MIB]);
    expect(Buffer.compare(Buffer.concat(pieces), bytes.subarray(5, 5 + 17 * MIB))).toBe(0);
  });

  it('refuses a range beyond the file, and a file that is not there', async () => {
    const read = async (name: string, begin: number, length: number): Promise<number> => {
      let sum = 0;
      for await (const piece of readRange(name, begin, length)) sum += piece.byteLength;
      return sum;
    };
    await expect(read(file, 18 * MIB - 4, 4)).resolves.toBe(4);
    await expect(read(file, 18 * MIB - 4, 5)).rejects.toThrow(/expected 5 bytes .*got 4.*FILE_TRUNCATED/);
    await expect(read(join(root, 'nothing'), 0, 1)).rejects.toThrow(/nothing: .*FILE_MISSING/);
  });
});

it('reads a file by range and closes it', async () => {
  const source = await withWeightFile(file, (open) => Promise.resolve(open));
  expect(source.byteLength).toBe(18 * MIB);
  await expect(source.slice(0, 1)).rejects.toThrow(/closed|EBADF/i);
});

it('tells files, folders and nothing apart', async () => {
  expect([await entryKind(root), await entryKind(file), await entryKind(join(file, 'x'))]).toEqual([
    'folder',
    'file',
    'none',
  ]);
});
