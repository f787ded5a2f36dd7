import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const SEVEN = 'configs/llava-v1.5-7b-flexattn.json';

/** A machine that has the configuration and nothing else: no data, no checkpoint, no Python, no GPU. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-plan-'));
  vi.stubEnv('FLEXATTN_PYTHON', undefined);
  vi.stubEnv('PATH', '/usr/bin:/bin');
  writeFileSync(join(folder, 'nx.json'), '{}');
});
afterEach(() => {
  forgetCommands();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function config(change: object = {}): string {
  const file = join(folder, 'seven.json');
  const text = JSON.parse(readFileSync(SEVEN, 'utf8')) as { train: object };
  writeFileSync(file, JSON.stringify({ ...text, train: { ...text.train, ...change } }));
  return file;
}

describe('flexattn train --dry-run', () => {
  it('plans the 7B run on a machine without anything, and says what it could not look at', async () => {
    const { stdout } = await runCommand('train', '--config', config({ gpuMemoryGigabytes: 80 }), '--dry-run');
    expect(stdout).toContain('parameters  7,822,056,448: 7,531,147,264 trained, 290,909,184 frozen');
    expect(stdout).toContain('steps       5,198 of 128 samples = 8 processes x 4 x 4 accumulated');
    expect(stdout).toMatch(/in all +\d+\.\d GB/);
    expect(stdout).toMatch(/GB (fits|may not fit|does not fit) into 80\.0 GB of a GPU/);
    expect(stdout).toContain('figures are those of llava-v1.5-7b as published');
    expect(existsSync(join(folder, 'runs'))).toBe(false);
  });

  it('has the figures that the documents show', async () => {
    const { stdout } = await runCommand('train', '--config', config(), '--dry-run');
    const page = readFileSync('docs/reproduce.md', 'utf8');
    const shown = /^```text\n(steps [^]*?)^```/m.exec(page)?.[1]?.trim().split('\n') ?? [];
    expect(shown.length).toBeGreaterThan(5);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(shown));
    const each = /in all +(\S+ GB)\n/.exec(stdout)?.[1];
    const more = /, (\S+ GB) in all/.exec(stdout)?.[1];
    const disk = /disk +(checkpoint \S+ GB, states \S+ GB)\n/.exec(stdout)?.[1];
    expect(page).toContain(`8 of 80 GB (${each ?? 'none'} each by the plan)`);
    const readme = readFileSync('README.md', 'utf8');
    expect(readme).toContain(
      `${each ?? 'none'} each at most, 4 samples at a time; ${more ?? 'none'} without`,
    );
    const [, checkpoint, states] = /checkpoint (.*), states (.*)/.exec(disk ?? '') ?? [];
    expect(readme).toContain(`${checkpoint ?? 'none'} checkpoint, ${states ?? 'none'} states`);
  });

  it('tells the same as JSON, and then refuses what would not start', async () => {
    const dry = runCommand('train', '--config', config({ batchSize: 100 }), '--dry-run', '--json');
    await expect(dry).rejects.toThrow(/expected a multiple of .* = 8 x 4 = 32, got 100.*\(BAD_SETTINGS\)/);
    forgetCommands();
    const { stdout } = await runCommand('train', '--config', config(), '--dry-run', '--json');
    const [, train] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { preview: Record<string, { problems: unknown[] }> });
    expect(train?.preview['flexattn-7b']).toMatchObject({ problems: [], globalBatch: 128, accumulation: 4 });
  });
});

describe('flexattn train --print-command', () => {
  it('prints a line for each trained model that a shell reads as the same arguments', async () => {
    const { stdout } = await runCommand('train', '--config', config(), '--print-command');
    const [name, line, ...rest] = stdout.trimEnd().split('\n');
    expect([name, rest]).toEqual(['# flexattn-7b', []]);
    const python = join(folder, '.flexattn', 'python', 'bin', 'python');
    expect(line).toContain(` ${python} -m torch.distributed.run `);
    const told = execFileSync('bash', ['-c', line?.replace(python, 'printf "%s\\n"') ?? ''], {
      encoding: 'utf8',
    });
    const words = told.trimEnd().split('\n');
    expect(words[words.indexOf('--checkpoint') + 1]).toBe(join(folder, 'runs', 'seven', 'init'));
    expect(JSON.parse(words[words.indexOf('--settings') + 1] ?? '')).toMatchObject({
      highres: true,
      steps: 5198,
    });
    expect(words).not.toContain('--watch-stdin');
  });
});
