import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrowingFile } from './growing-file.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'flexattn-growing-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('a growing file', () => {
  it('gives each line once, when it has ended', async () => {
    const path = join(folder, 'log');
    const file = new GrowingFile(path);
    expect(await file.newLines()).toEqual([]);
    const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)];
    await appendFile(path, Buffer.concat([Buffer.from('one\ntw'), first]));
    expect(await file.newLines()).toEqual(['one']);
    await appendFile(path, Buffer.concat([second, Buffer.from('\n\nthree')]));
    expect(await file.newLines()).toEqual(['twü', '']);
    expect(await file.newLines()).toEqual([]);
  });

  it('reads what is longer than a piece of it', async () => {
    const path = join(folder, 'long');
    const lines = Array.from({ length: 3 }, (_, i) => String(i).repeat(100_000));
    await appendFile(path, `${lines.join('\n')}\n`);
    expect(await new GrowingFile(path).newLines()).toEqual(lines);
  });

  it('tells that it cannot be read', async () => {
    await expect(new GrowingFile(join(folder, 'log', 'inside')).newLines()).rejects.toThrow(/ENOTDIR/);
  });
});
