import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { arrayLine, arrayScript } from './array-script.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'flexattn-script-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const HOSTILE = `it's "a" $(touch PWNED) \`touch PWNED\` ;touch PWNED\n#SBATCH --wrap=x`;

/** A task that prints its words. */
const script = (program: readonly string[]) => ({
  name: 'clean',
  open: [0, 3],
  folder,
  cwd: folder,
  words: [...program, HOSTILE, { before: `${HOSTILE}/part-`, after: '' }, { before: '', after: '/4' }],
});

it('asks for the open tasks, and gives each its words and index, whatever a word holds', () => {
  const text = arrayScript(script(['printf', '%s\\0']));
  expect(text.match(/^#SBATCH .*/gm)).toEqual([
    '#SBATCH --job-name=flexattn-clean',
    '#SBATCH --array=0,3',
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    '#SBATCH --output=task-%a.log',
  ]);
  writeFileSync(join(folder, 'task.sh'), text);
  const env = { PATH: process.env['PATH'], SLURM_ARRAY_TASK_ID: '3' };
  const shown = execFileSync('bash', ['task.sh'], { cwd: folder, env, encoding: 'utf8' });
  expect(shown.split('\0').slice(0, -1)).toEqual([HOSTILE, `${HOSTILE}/part-3`, '3/4']);
  expect(readFileSync(join(folder, 'task-3.exit'), 'utf8')).toBe('0\n');
  expect(readdirSync(folder)).not.toContain('PWNED');
});

it('leaves the exit code of a task that fails, and ends with it', () => {
  writeFileSync(join(folder, 'task.sh'), arrayScript(script(['bash', '-c', 'exit 5'])));
  const env = { PATH: process.env['PATH'], SLURM_ARRAY_TASK_ID: '0' };
  expect(() => execFileSync('bash', ['task.sh'], { cwd: folder, env })).toThrow(
    expect.objectContaining({ status: 5 }),
  );
  expect(readFileSync(join(folder, 'task-0.exit'), 'utf8')).toBe('5\n');
});

it('is a line that a shell can read', () => {
  const line = arrayLine(script(['true']), ['--time=30', '--comment=a b']);
  expect(line.split('\n')[0]).toBe(
    `mkdir -p '${folder}' && cd '${folder}' && sbatch --parsable '--time=30' '--comment=a b' <<'SBATCH'`,
  );
  expect(execFileSync('bash', ['-n'], { input: line, encoding: 'utf8' })).toBe('');
});
