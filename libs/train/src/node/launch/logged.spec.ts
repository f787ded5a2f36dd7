import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StageError } from '@flexattn/stage';
import { LaunchFailure } from './launcher.js';
import type { Launch } from './launcher.js';
import { localLaunch } from './local.js';
import { loggedLaunch } from './logged.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'flexattn-logged-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Runs a program of Node under a log in `name`; the lines that were passed on. */
async function run(name: string, script: string): Promise<string[]> {
  const launch = localLaunch({ program: process.execPath, args: ['-e', script], env: {} });
  return follow(launch, name);
}

async function follow(launch: Launch, name: string): Promise<string[]> {
  const lines: string[] = [];
  await loggedLaunch(
    launch,
    join(folder, name),
  )({ onLine: (line) => lines.push(line), say: () => undefined });
  return lines;
}

const logOf = (name: string) => readFile(join(folder, name, 'trainer.log'), 'utf8');

describe('a logged launch', () => {
  it('keeps every line, of the last start alone', async () => {
    expect(await run('new/run', `console.log('{"event":"step"}\\nü')`)).toEqual(['{"event":"step"}', 'ü']);
    expect(await logOf('new/run')).toBe('{"event":"step"}\nü\n');
    await run('new/run', `console.log('again')`);
    expect(await logOf('new/run')).toBe('again\n');
  });

  it('has each line before it is passed on', async () => {
    const launch: Launch = async ({ onLine }) => {
      onLine('first');
      expect(await logOf('live')).toBe('first\n');
    };
    expect(await follow(launch, 'live')).toEqual(['first']);
  });

  it('names the log where the program fails', async () => {
    const failed = run('failed', `console.error('why'); process.exit(3)`);
    const log = join(folder, 'failed', 'trainer.log');
    await expect(failed).rejects.toMatchObject({ message: 'exit code 3', log });
    await expect(failed).rejects.toBeInstanceOf(LaunchFailure);
    expect(await logOf('failed')).toBe('why\n');
  });

  it('is refused where there can be no log', async () => {
    await run('taken', '');
    await expect(run('taken/trainer.log', '')).rejects.toBeInstanceOf(StageError);
  });
});
