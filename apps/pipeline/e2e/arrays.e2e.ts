import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stubSlurm } from '../src/slurm/stub-slurm.fixture.js';
import { ROOT, flexattn } from './command-line.js';

interface Configuration {
  models: { name: string }[];
}

/** A workspace that has cleaned and answered nothing yet, with what `infer` reads of the finished run. */
let workspace: string;
let PATH: string;
beforeAll(() => {
  expect(inject('firstRun').code).toBe(0);
  workspace = mkdtempSync(join(tmpdir(), 'flexattn-arrays-'));
  PATH = stubSlurm(join(workspace, 'slurm'));
  for (const step of ['compile', 'items'])
    cpSync(join(ROOT, 'runs/tiny', step), join(workspace, 'runs/parts', step), { recursive: true });
  cpSync(join(ROOT, 'tools/tiny/world'), join(workspace, 'tools/tiny/world'), { recursive: true });
  const tiny = JSON.parse(readFileSync(join(ROOT, 'configs/tiny.json'), 'utf8')) as Configuration;
  const parts = { ...tiny, models: tiny.models.filter(({ name }) => name === 'flexattn') };
  writeFileSync(join(workspace, 'parts.json'), JSON.stringify(parts));
});
afterAll(() => rmSync(workspace, { recursive: true }));

const stage = (name: string, ...more: string[]) =>
  flexattn([name, '--config', 'parts.json', ...more], { cwd: workspace, env: { PATH } });
const SLURM = ['--launcher', 'slurm', '--tasks', '2'];
const textOf = (root: string, path: string) => readFileSync(join(root, path), 'utf8');

describe('a stage of a configuration in tasks of Slurm', () => {
  it('cleans to the same artifacts and receipt', async () => {
    const ran = await stage('clean', ...SLURM);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/clean: Slurm job 100, an array of 2/);
    for (const name of readdirSync(join(ROOT, 'runs/tiny/clean')))
      expect(textOf(workspace, `runs/parts/clean/${name}`), name).toBe(
        textOf(ROOT, `runs/tiny/clean/${name}`),
      );
    expect(existsSync(join(workspace, 'runs/parts/tasks/clean'))).toBe(false);
    expect((await stage('clean')).stderr).toContain('clean: up to date');
  });

  it('answers to the same bytes', async () => {
    const ran = await stage('infer', ...SLURM);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stderr).toContain('infer: flexattn was asked 560 of 560 items');
    expect(textOf(workspace, 'runs/parts/infer/flexattn.jsonl')).toBe(
      textOf(ROOT, 'runs/tiny/infer/flexattn.jsonl'),
    );
    expect(readdirSync(join(workspace, 'runs/parts/tasks/infer'))).toEqual([]);
  });

  it('prints the script and starts nothing', async () => {
    for (const flag of ['--print-command', '--dry-run']) {
      const told = await stage('infer', ...SLURM, flag);
      expect(told.stdout).toMatch(/sbatch --parsable <<'SBATCH'\n#!\/bin\/bash\n[^]*--array=0,1\n/);
      expect(told.code).toBe(0);
    }
    expect(readdirSync(join(workspace, 'slurm/state')).filter((name) => name.endsWith('.args'))).toHaveLength(
      2,
    );
  });

  it.each([
    [['--launcher', 'slurm'], /expected --tasks.*\(BAD_ARGUMENT\)/],
    [['--tasks', '2'], /--tasks: goes with --launcher slurm.*\(BAD_ARGUMENT\)/],
    [['--launcher', 'slurm', '--tasks', '0'], /expected a whole number of at least 1/],
    [['--print-command'], /goes with --launcher slurm --tasks N \(BAD_ARGUMENT\)/],
  ])('refuses %j', async (flags, message) => {
    const refused = await stage('clean', ...flags);
    expect(refused.stderr).toMatch(message);
    expect(refused.code).toBe(2);
  });
});
