import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-clean-'));
  const samples = Array.from({ length: 10 }, (_, id) => ({ id, conversations: [turn(id)] }));
  writeFileSync(join(folder, 'mix.json'), JSON.stringify(samples));
});
afterEach(() => {
  vi.unstubAllEnvs();
  forgetCommands();
  rmSync(folder, { recursive: true });
});

const turn = (id: number) => ({ from: 'human', value: `What ${id}?` });
const at = (name: string) => join(folder, name);
const clean = (out: string, ...flags: string[]) =>
  runCommand(
    'clean',
    '--annotations',
    at('mix.json'),
    '--images',
    folder,
    '--out',
    at(out),
    '--json',
    ...flags,
  );

/** The ids of the samples in an output folder. */
const idsIn = (out: string) =>
  (JSON.parse(readFileSync(at(`${out}/annotations.json`), 'utf8')) as { id: number }[]).map(({ id }) => id);

describe('clean on paths', () => {
  it.each([
    ['nobody', {}, [], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['torchrun', { RANK: '1', WORLD_SIZE: '4' }, [], [1, 5, 9]],
    ['Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '2' }, [], [0, 2, 4, 6, 8]],
    ['Slurm with one task', { SLURM_PROCID: '0', SLURM_NTASKS: '1' }, [], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['Open MPI', { OMPI_COMM_WORLD_RANK: '2', OMPI_COMM_WORLD_SIZE: '3' }, [], [2, 5, 8]],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '4', JOB_COMPLETIONS: '5' }, [], [4, 9]],
    ['--shard, whatever the launcher says', { RANK: '1', WORLD_SIZE: '4' }, ['--shard', '2/5'], [2, 7]],
  ])('cleans the part that %s gives', async (_, env, flags, ids) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    await clean('out', ...flags);
    expect(idsIn('out')).toEqual(ids);
  });

  it.each(['2/2', '1', 'a/b'])('refuses --shard %s', async (shard) => {
    await expect(clean('out', '--shard', shard)).rejects.toThrow(
      '--shard: expected an index from 0 below a count',
    );
  });

  it('merges parts, and on a dry run only tells what that would give', async () => {
    const { stdout: whole } = await clean('whole');
    forgetCommands();
    for (const index of [0, 1]) await clean(`part-${index}`, '--shard', `${index}/2`);
    forgetCommands();
    const merge = ['clean', '--merge', at('part-0'), at('part-1'), '--json'];
    const told = await runCommand(...merge, '--dry-run');
    expect(told.stdout).toBe(whole.replace('"result"', '"preview"'));
    forgetCommands();
    const merged = await runCommand(...merge, '--out', at('merged'));
    expect(merged.stdout).toBe(whole);
    expect(idsIn('merged')).toEqual(idsIn('whole'));
    expect(existsSync(at('merged/report.json'))).toBe(true);
  });

  it('leaves out of a merge what the parts have decided', async () => {
    await expect(runCommand('clean', '--merge', at('part-0'), '--limit', '3')).rejects.toThrow(
      'leave out limit',
    );
    await expect(runCommand('clean', '--merge', at('part-0'))).rejects.toThrow('expected --out');
  });
});
