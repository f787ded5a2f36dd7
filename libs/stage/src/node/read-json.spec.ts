import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, readJsonAs } from './read-json.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

describe('readJson', () => {
  it.each([
    ['text', Buffer.from('{"é": [1, "😀"]}')],
    ['a byte order mark', Buffer.from('\uFEFF{"é": [1, "😀"]}')],
  ])('reads %s', async (_, bytes) => {
    const file = join(await temporaryFolder(), 'a.json');
    await writeFile(file, bytes);
    expect(await readJson(file)).toEqual({ é: [1, '😀'] });
  });

  it.each([
    ['a broken byte', Buffer.from([0x22, 0xff, 0x22]), 'BAD_JSON', 'not UTF-8 text; save it as UTF-8'],
    ['a cut character', Buffer.from('"é"').subarray(0, 2), 'BAD_JSON', 'not UTF-8 text'],
    ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le'), 'BAD_JSON', 'not UTF-8 text'],
    ['nothing', Buffer.from(''), 'BAD_JSON', 'line 1, column 1'],
    ['a slip', Buffer.from('{\n"a": 1,\n}'), 'BAD_JSON', 'line 3, column 1: unexpected "}"'],
  ])('refuses %s', async (_, bytes, code, what) => {
    const file = join(await temporaryFolder(), 'a.json');
    await writeFile(file, bytes);
    const error: unknown = await readJson(file).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, exitCode: 2, file });
    expect(String(error)).toContain(what);
  });

  it('refuses what is not a file, or too large', async () => {
    const folder = await temporaryFolder();
    const at = (name: string) => join(folder, name);
    await mkdir(at('folder'));
    await symlink('loop', at('loop'));
    await writeFile(at('file'), '1');
    await writeFile(at('large'), '1');
    await truncate(at('large'), 256e6 + 1);
    const cases = {
      missing: 'FILE_MISSING',
      'file/x': 'FILE_MISSING',
      folder: 'NOT_A_FILE',
      loop: 'FILE_UNREADABLE',
    };
    for (const [name, code] of Object.entries(cases)) {
      await expect(readJson(at(name))).rejects.toMatchObject({ code, exitCode: 2, file: at(name) });
    }
    await expect(readJson(at('large'))).rejects.toThrow('expected at most 256 MB, got 256 MB');
    expect(await readJson(at('file'))).toBe(1);
  });
});

describe('readJsonAs', () => {
  const schema = z.strictObject({
    n: z.number().positive(),
    list: z.array(z.strictObject({ name: z.string() })),
    level: z.enum(['low', 'high']).optional(),
    judge: z.union([z.literal('none'), z.strictObject({ model: z.string() })]).optional(),
  });

  it('gives what fits', async () => {
    const file = join(await temporaryFolder(), 'a.json');
    await writeFile(file, '{"n":1,"list":[{"name":"x"}]}');
    const value = await readJsonAs(file, schema);
    expect(value.list[0]?.name).toBe('x');
  });

  it.each([
    [
      '{"n":"1","list":[]}',
      'a.json[n]: line 1, column 2: Invalid input: expected number, received string; mend the file (BAD_CONTENT)',
    ],
    [
      '{"n":1,"list":[{"name":"x"},{"name":2}]}',
      'a.json[list.1.name]: line 1, column 30: Invalid input: expected string, received number',
    ],
    ['{"n":1}', 'a.json[list]: Invalid input: expected array, received undefined'],
    [
      '{"n":1,"list":[],\n "zz":2}',
      'a.json[zz]: line 2, column 2: unknown key "zz": expected one of n, list, level, judge; mend',
    ],
    ['{"n":1,"liszt":[]}', 'a.json[liszt]: line 1, column 8: unknown key "liszt": did you mean "list"?'],
    [
      '{"n":1,"list":[{"nmae":"x"}]}',
      'a.json[list.0.nmae]: line 1, column 17: unknown key "nmae": did you mean "name"?',
    ],
    ['{"n":1,"list":[],"a\\nb":2}', 'unknown key "a\\nb"'],
    [
      '{"n":1,"list":[],"judge":{"modle":"x"}}',
      'a.json[judge.modle]: line 1, column 27: unknown key "modle": did you mean "model"?',
    ],
    ['{"n":-3,"list":[]}', 'a.json[n]: line 1, column 2: Too small: expected number to be >0, got -3; mend'],
    [
      '{"n":1,"list":[],"level":"hihg"}',
      'a.json[level]: line 1, column 18: Invalid option: expected one of "low"|"high", got "hihg"; mend',
    ],
    [`{"n":1,"list":[],"level":"${'x'.repeat(99)}"}`, `got "${'x'.repeat(58)}…; mend`],
    ['[]', 'a.json: Invalid input: expected object, received array'],
  ])('names what does not fit: %s', async (text, message) => {
    const file = join(await temporaryFolder(), 'a.json');
    await writeFile(file, text);
    const error: unknown = await readJsonAs(file, schema).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'BAD_CONTENT', exitCode: 2, file });
    expect(String(error)).toContain(message);
  });

  it('reports slips in the text first', async () => {
    const file = join(await temporaryFolder(), 'a.json');
    await writeFile(file, '{"n":1,"n":1}');
    await expect(readJsonAs(file, schema)).rejects.toMatchObject({ code: 'BAD_JSON' });
  });
});
