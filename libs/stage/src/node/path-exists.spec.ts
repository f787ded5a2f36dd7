import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pathExists } from './path-exists.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

it('tells files and folders from nothing, and nothing from what cannot be looked at', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'file');
  await writeFile(file, '');
  await symlink('loop', join(folder, 'loop'));
  expect([await pathExists(file), await pathExists(folder), await pathExists(join(folder, 'none'))]).toEqual([
    true,
    true,
    false,
  ]);
  await expect(pathExists(join(folder, 'loop'))).rejects.toThrow(/FILE_UNREADABLE/);
});
