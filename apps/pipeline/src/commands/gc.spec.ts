import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-gc-'));
  writeFileSync(join(folder, 'nx.json'), '{}');
  mkdirSync(join(folder, '.flexattn/answers/model'), { recursive: true });
  utimesSync(join(folder, '.flexattn/answers/model'), 0, 0);
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

describe('flexattn gc', () => {
  it('tells, and removes only when it is told to', async () => {
    const told = await runCommand('gc', '--keep-days', '0');
    expect(told.stdout).toContain('.flexattn/answers/model\n');
    expect(told.stdout).toContain('--delete removes it');
    expect(existsSync(join(folder, '.flexattn/answers/model'))).toBe(true);
    const { stdout } = await runCommand('gc', '--keep-days', '0', '--delete', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      removed: true,
      garbage: { paths: ['.flexattn/answers/model'] },
    });
    expect(existsSync(join(folder, '.flexattn/answers/model'))).toBe(false);
  });

  it('keeps what is younger than it is told', async () => {
    const { stdout } = await runCommand('gc');
    expect(stdout).not.toContain('answers');
  });
});
