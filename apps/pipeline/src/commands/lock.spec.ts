import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const root = new URL('../../../../', import.meta.url);
let folder: string;
const put = (name: string, text: string) => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const lockFile = () => JSON.parse(readFileSync(join(folder, 'flexattn.lock.json'), 'utf8')) as unknown;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-lock-'));
  const tiny = JSON.parse(readFileSync(new URL('configs/tiny.json', root), 'utf8')) as object;
  const data = { annotations: 'a.json', images: 'images' };
  const benchmarks = { vstar: { path: 'bench' } };
  put('nx.json', '{}');
  put('configs/one.json', JSON.stringify({ ...tiny, data, checkpoint: 'base', eval: { benchmarks } }));
  put('a.json', '[]');
  put('base/config.json', '{}');
  put('images/1.png', 'picture');
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

describe('flexattn lock', () => {
  it('writes the hash of everything that is here, and keeps what others wrote', async () => {
    put('flexattn.lock.json', '{"hub": {"x": 1}}');
    await runCommand('lock');
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(lockFile()).toEqual({ hub: { x: 1 }, data: { 'a.json': hash, base: hash, images: hash } });
    await expect(runCommand('lock', '--check')).resolves.toMatchObject({ stdout: /same +a\.json/ });
  });

  it.each([
    ['other bytes', () => put('images/1.png', 'PICTURE'), 'in images'],
    ['a path that is not locked yet', () => put('bench/test.jsonl', '{}'), 'in bench'],
  ])('--check ends with 1 at %s', async (_, change, where) => {
    await runCommand('lock');
    change();
    await expect(runCommand('lock', '--check')).rejects.toMatchObject({
      code: 'LOCK_DIFFERS',
      exitCode: 1,
      message: expect.stringContaining(where) as string,
    });
  });

  it('keeps the hash of what is not on this machine, and does not miss it', async () => {
    await runCommand('lock');
    const before = lockFile();
    rmSync(join(folder, 'images'), { recursive: true });
    const { stdout } = await runCommand('lock', '--check');
    expect(stdout).toContain('absent    images');
    await runCommand('lock');
    expect(lockFile()).toEqual(before);
  });

  it('agrees with the data of this repository', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(new URL('.', root).pathname);
    const { stdout } = await runCommand('lock', '--check');
    expect(stdout).toMatch(/same +tools\/tiny\/world\/data\/images/);
  });
});
