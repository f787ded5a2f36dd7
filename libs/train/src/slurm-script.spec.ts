import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slurmSchema } from './launcher-settings.js';
import { slurmScript } from './slurm-script.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'flexattn-script-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTILE = [
  'plain',
  '',
  "it's",
  '"; touch PWNED; "',
  '$(touch PWNED)',
  '`touch PWNED`',
  "'; touch PWNED; '",
  "a\r\nb\\'\n#SBATCH --wrap=x",
  '\\',
  '-n',
  '* ~ ! {a,b}',
  'ü 日',
];
const plan = {
  program: '/py thon',
  args: HOSTILE,
  env: { OMP_NUM_THREADS: '1', PYTHONPATH: HOSTILE.join(':') },
};

describe('slurmScript', () => {
  const script = (slurm: object = {}) =>
    slurmScript({ plan, slurm: slurmSchema.parse(slurm), folder, cpus: 8 });

  it('hands every argument and variable on as it is, and runs nothing that is in one', () => {
    // As far as the trainer's start; srun is replaced by a program that shows what it got.
    const text = script().replace(/coproc srun .*/, 'printf "%s\\0" "${trainer[@]}" "$PYTHONPATH"; exit');
    writeFileSync(join(folder, 'job.sh'), text.replace(/^first=.*\n^address=.*$/m, 'first=n1'));
    const shown = execFileSync('bash', ['job.sh'], { cwd: folder, encoding: 'utf8' });
    expect(shown.split('\0').slice(0, -1)).toEqual(['/py thon', ...HOSTILE, HOSTILE.join(':')]);
    expect(readdirSync(folder)).not.toContain('PWNED');
  });

  it('asks Slurm for what the settings say', () => {
    const headers = (text: string) => text.split('\n').filter((line) => line.startsWith('#SBATCH'));
    expect(headers(script()).map((line) => line.slice('#SBATCH '.length))).toEqual([
      '--job-name=flexattn',
      '--nodes=1',
      '--ntasks-per-node=1',
      '--cpus-per-task=8',
      '--requeue',
      '--open-mode=append',
      '--signal=B:USR1@300',
      '--output=job-%j.log',
    ]);
    const slurm = {
      partition: 'gpu',
      account: 'lab-1',
      nodes: 2,
      gpusPerNode: 4,
      time: '1-12:00:00',
      secondsToSave: 60,
    };
    expect(script(slurm)).toContain(
      '#SBATCH --gpus-per-node=4\n#SBATCH --partition=gpu\n#SBATCH --account=lab-1\n#SBATCH --time=1-12:00:00\n',
    );
    expect(script(slurm)).toContain('#SBATCH --signal=B:USR1@60\n');
  });

  it('is a script that bash can read', () => {
    writeFileSync(join(folder, 'whole.sh'), script());
    expect(execFileSync('bash', ['-n', join(folder, 'whole.sh')], { encoding: 'utf8' })).toBe('');
  });
});
