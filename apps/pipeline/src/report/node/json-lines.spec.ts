import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseLine, textLines, type TextLine } from './json-lines.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function readAll(file: string): Promise<TextLine[]> {
  const lines: TextLine[] = [];
  for await (const line of textLines(file)) lines.push(line);
  return lines;
}

async function linesOf(text: string): Promise<TextLine[]> {
  const file = join(folder, 'file.jsonl');
  await writeFile(file, text);
  return readAll(file);
}

describe('textLines', () => {
  it.each([
    [
      'a\nb\n',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'a\n\nb',
      [
        [1, 'a'],
        [3, 'b'],
      ],
    ],
    [
      '"\u2028"\n"b"\n',
      [
        [1, '"\u2028"'],
        [2, '"b"'],
      ],
    ],
    ['', []],
  ])('of %j', async (text, expected) => {
    expect((await linesOf(text)).map(({ line, text: found }) => [line, found])).toEqual(expected);
  });

  it('joins lines and characters that are read in pieces', async () => {
    const long = 'ä'.repeat(200_001);
    expect((await linesOf(`${long}\nb\n`)).map(({ text }) => text)).toEqual([long, 'b']);
  });

  it('names a file that is not there', async () => {
    await expect(readAll(join(folder, 'none.jsonl'))).rejects.toThrow(/none\.jsonl.*FILE_MISSING/);
  });
});

describe('parseLine', () => {
  const schema = z.object({ loss: z.number() });

  it('gives the value, or says where another one stands', () => {
    expect(parseLine('f.jsonl', { line: 7, text: '{"loss":1}' }, schema)).toEqual({ loss: 1 });
    expect(() => parseLine('f.jsonl', { line: 7, text: '{"loss":"1"}' }, schema)).toThrow(
      /^f\.jsonl\[line 7\.loss\]: .*\(BAD_CONTENT\)$/,
    );
    expect(() => parseLine('f.jsonl', { line: 7, text: '{' }, schema)).toThrow(
      /^f\.jsonl, line 7: .*\(BAD_JSON\)$/,
    );
  });
});
