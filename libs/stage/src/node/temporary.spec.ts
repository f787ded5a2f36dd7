import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { thisProcess } from './process-identity.js';
import { temporarySibling } from './temporary.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

describe('temporarySibling', () => {
  it('is a new name each time, in a folder that it makes', async () => {
    const path = join(await temporaryFolder(), 'new', 'a');
    const names = await Promise.all(Array.from({ length: 100 }, () => temporarySibling(path)));
    expect(new Set(names).size).toBe(100);
    expect(new Set(names.map(dirname))).toEqual(new Set([dirname(path)]));
    expect(await readdir(dirname(path))).toEqual([]);
  });

  it('removes the leftovers of dead processes on this host, and nothing else', async () => {
    const folder = await temporaryFolder();
    const { pid, started } = thisProcess();
    const gone = [`.4194305-0-ab@${hostname()}.partial`, `.${pid}-1-ab@${hostname()}.partial`];
    const stay = [
      `.${pid}-${started}-ab@${hostname()}.partial`,
      '.4194305-0-ab@another-host.partial',
      '.4194305-0-ab.partial',
      'a.partial',
      'a',
    ];
    for (const name of [...gone, ...stay]) await writeFile(join(folder, name), '');
    await temporarySibling(join(folder, 'a'));
    expect((await readdir(folder)).sort()).toEqual(stay.sort());
  });
});
