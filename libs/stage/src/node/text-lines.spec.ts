import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './temporary-folder.fixture.js';
import { readTextLines, type TextLine } from './text-lines.js';

async function read(file: string): Promise<TextLine[]> {
  const lines = [];
  for await (const line of readTextLines(file)) lines.push(line);
  return lines;
}

describe('readTextLines', () => {
  const cases: [string, string, [number, string][]][] = [
    ['an empty file', '', []],
    [
      'a last line without an end',
      'a\nb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'empty lines, which count',
      '\na\n \n\nb\n',
      [
        [2, 'a'],
        [5, 'b'],
      ],
    ],
    [
      'U+2028 inside a line',
      'a\u2028b\nc\n',
      [
        [1, 'a\u2028b'],
        [2, 'c'],
      ],
    ],
    [
      'lines longer than a chunk, split inside a character',
      `${'é'.repeat(300_001)}\nb\n`,
      [
        [1, 'é'.repeat(300_001)],
        [2, 'b'],
      ],
    ],
  ];
  it.each(cases)('gives %s', async (_, text, expected) => {
    const file = join(await temporaryFolder(), 'lines');
    await writeFile(file, text);
    expect((await read(file)).map(({ line, text: shown }) => [line, shown])).toEqual(expected);
  });

  it('names a file that is not there', async () => {
    await expect(read('/nowhere/lines')).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });
});
