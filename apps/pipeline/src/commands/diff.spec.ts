import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const tiny = readFileSync(new URL('../../../../configs/tiny.json', import.meta.url), 'utf8');
let folder: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: folder, stdio: 'pipe' });
const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-diff-'));
  mkdirSync(join(folder, 'configs'));
  put('nx.json', '{}');
  put('configs/tiny.json', tiny);
  put('flexattn.lock.json', JSON.stringify({ data: { images: 'a'.repeat(64) } }));
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  put('configs/other.json', '{"extends": "./tiny.json", "train": {"steps": 7}}');
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

describe('flexattn diff', () => {
  it('names the settings that two configurations differ in', async () => {
    const { stdout } = await runCommand('diff', 'tiny', 'other');
    expect(stdout).toContain('settings\n  train.steps: 200 -> 7\n');
    expect(stdout).toContain('data\n  the same\n');
    expect(stdout).toContain('not compared');
  });

  it('knows a run by its folder', async () => {
    mkdirSync(join(folder, 'runs/tiny'), { recursive: true });
    const { stdout } = await runCommand('diff', 'runs/tiny', 'other');
    expect(stdout).toContain('settings\n  train.steps: 200 -> 7\n');
    await expect(runCommand('diff', 'runs/none', 'tiny')).rejects.toThrow('"runs/none" is no configuration');
  });

  it('takes of a revision the configuration that the other side names', async () => {
    put('configs/other.json', tiny.replace('"steps": 200', '"steps": 9'));
    git('add', '.');
    git('commit', '-qm', 'second');
    put('configs/other.json', tiny.replace('"steps": 200', '"steps": 8'));
    const { stdout } = await runCommand('diff', 'HEAD', 'other');
    expect(stdout).toContain('settings\n  train.steps: 9 -> 8\n');
  });

  it('compares with what was committed, data by the lock', async () => {
    put('flexattn.lock.json', JSON.stringify({ data: { images: 'b'.repeat(64) } }));
    put('configs/tiny.json', tiny.replace('"steps": 200', '"steps": 100'));
    const { stdout } = await runCommand('diff', '--json');
    expect(JSON.parse(stdout)).toEqual({
      settings: [{ path: 'train.steps', a: 200, b: 100 }],
      data: [{ path: 'images', a: 'a'.repeat(64), b: 'b'.repeat(64) }],
      scores: null,
    });
  });

  it.each([
    ['nothing', '"nothing" is no configuration, run or git revision'],
    ['--upload-pack=x', '"--upload-pack=x" is no configuration'],
    ['HEAD:none', 'it is not in HEAD'],
  ])('refuses %s', async (name, message) => {
    await expect(runCommand('diff', '--', name, 'tiny')).rejects.toThrow(message);
  });
});
