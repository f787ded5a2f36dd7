import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slurmCommand } from './slurm-command.js';

const AWAY = 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)';
const settings = { item: 'train.slurm', hint: 'correct partition, account or args' };
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'flexattn-command-'))));
afterAll(() => rm(folder, { recursive: true }));

/** A program in Slurm's place. */
function ask(script: string, signal?: AbortSignal) {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const options = { cwd: folder, signal, pollMs: 10, say, settings };
  return { said, answer: slurmCommand(process.execPath, ['-e', script], options) };
}

describe('a command of Slurm', () => {
  it('gives what it prints', async () => {
    await expect(ask(`console.log('7')`).answer).resolves.toBe('7');
  });

  it('is asked again while the controller is away, and says so once', async () => {
    const { said, answer } = ask(`
      const fs = require('node:fs');
      fs.appendFileSync('tries', 'x');
      if (fs.readFileSync('tries', 'utf8').length > 3) console.log('here');
      else { console.error('${AWAY}'); process.exit(1); }`);
    await expect(answer).resolves.toBe('here');
    expect(said).toEqual([
      `the Slurm controller does not answer; waiting for it (${AWAY})`,
      'the Slurm controller answers again',
    ]);
  });

  it('is waited for no longer than the user wants', async () => {
    const stop = new AbortController();
    const { answer } = ask(`console.error('${AWAY}'); process.exit(1)`, stop.signal);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is refused in its own words', async () => {
    const text = 'sbatch: error: Batch job submission failed: Invalid account';
    await expect(ask(`console.error('${text}'); process.exit(1)`).answer).rejects.toThrow(
      /train.slurm: .* refused: sbatch: error: Batch job submission failed: Invalid account; correct .*\(SLURM_REFUSED\)/,
    );
  });

  it('is missing where there is no Slurm', async () => {
    const none = slurmCommand('no-such-sbatch', [], { pollMs: 10, say: () => undefined, settings });
    await expect(none).rejects.toThrow(
      /needs the program no-such-sbatch, which is not here; .*login node.*\(SLURM_MISSING\)/,
    );
  });
});
