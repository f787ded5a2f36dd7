import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointFolders, snapshot } from '../checkpoint.fixture.js';
import { verifyChecksums } from './verify-checksums.js';

const { path, fresh } = checkpointFolders();

function listOf(dir: string, change: (text: string) => string = (text) => text): string {
  const lines = Object.entries(snapshot(dir)).map(([name, sha256]) => `${sha256}  ./${name}\n`);
  const list = path();
  writeFileSync(list, change(lines.join('')));
  return list;
}

describe('verifyChecksums', () => {
  it('finds every file as it was', async () => {
    const dir = fresh();
    const { ok, files } = await verifyChecksums(dir, listOf(dir));
    expect(ok).toBe(true);
    expect(files).toHaveLength(Object.keys(snapshot(dir)).length);
  });

  it('tells changed and missing files', async () => {
    const dir = fresh();
    const list = listOf(dir);
    writeFileSync(join(dir, 'config.json'), '{}');
    rmSync(join(dir, 'tokenizer.json'));
    const { ok, files } = await verifyChecksums(dir, list);
    expect(ok).toBe(false);
    expect(files.filter(({ state }) => state !== 'ok')).toEqual([
      { path: './config.json', state: 'differs' },
      { path: './tokenizer.json', state: 'missing' },
    ]);
  });

  it('reads nothing outside of the folder, and no list that is not there', async () => {
    const dir = fresh();
    const hash = createHash('sha256').digest('hex');
    await expect(
      verifyChecksums(
        dir,
        listOf(dir, () => `${hash}  ../x\n`),
      ),
    ).rejects.toThrow(/PATH_ESCAPE/);
    await expect(verifyChecksums(dir, join(dir, 'nothing'))).rejects.toThrow(/FILE_MISSING/);
  });
});
