import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runArray, type ArraySettings } from './array-job.js';
import { stubSlurm } from './stub-slurm.fixture.js';

let root: string;
let said: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-array-'));
  vi.stubEnv('PATH', stubSlurm(join(root, 'slurm')));
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

const at = (name: string) => join(root, name);
const state = (name: string) => join(root, 'slurm/state', name);

/** Each task notes that it ran; task 2 fails for as long as the file `broken` is there, and all wait for `gate`. */
const TASK = `
  const [root, index] = process.argv.slice(1);
  const fs = require('node:fs');
  fs.appendFileSync(root + '/ran', index);
  console.log('this is task ' + index);
  if (index === '2' && fs.existsSync(root + '/broken')) { console.error('no luck'); process.exit(2); }
  if (fs.existsSync(root + '/gate')) setInterval(() => undefined, 1000);`;

function array(options: Partial<ArraySettings> & { key?: string; signal?: AbortSignal } = {}) {
  const { key = 'a', signal = new AbortController().signal, tasks = 3, args = [] } = options;
  const words = [process.execPath, '-e', TASK, root, { before: '', after: '' }];
  const job = { name: 'clean', folder: at('a b.tasks'), cwd: root, key, words };
  return runArray(job, { tasks, args }, { signal, quiet: false });
}

const ran = () => [...readFileSync(at('ran'), 'utf8')].sort().join('');

describe('an array of Slurm', () => {
  it('runs every task once, and none again', async () => {
    await array({ args: ['--partition=p'] });
    expect(ran()).toBe('012');
    expect(readFileSync(state('100.args'), 'utf8')).toBe('--parsable\n--partition=p\narray.sbatch\n');
    await array();
    expect(ran()).toBe('012');
  });

  it('runs all again where something that decides their results has changed', async () => {
    await array();
    await array({ key: 'b' });
    expect(ran()).toBe('001122');
  });

  it('names a failed task and shows its log; started again, runs that task alone', async () => {
    writeFileSync(at('broken'), '');
    await expect(array()).rejects.toMatchObject({
      code: 'TASKS_FAILED',
      exitCode: 2,
      file: join(at('a b.tasks'), 'task-2.log'),
      message: expect.stringContaining('1 of 3 tasks failed (2); task 2 ended with exit code 2') as string,
    });
    expect(said).toContain('task 2: this is task 2\ntask 2: no luck\n');
    rmSync(at('broken'));
    await array();
    expect(ran()).toBe('0122');
    expect(said).toContain('2 of 3 tasks ended well before');
  });

  it('is cancelled by an abort, and goes on from there', async () => {
    writeFileSync(at('gate'), '');
    const stop = new AbortController();
    const running = array({ signal: stop.signal });
    await vi.waitFor(() => expect(ran()).toBe('012'), 10_000);
    await expect(array()).rejects.toMatchObject({ code: 'LOCKED' });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(existsSync(state('100.cancelled'))).toBe(true);
    rmSync(at('gate'));
    await array();
    expect(ran()).toBe('001122');
  });

  it('does not start beside tasks of a launcher that was killed', async () => {
    writeFileSync(at('gate'), '');
    const stop = new AbortController();
    const running = array({ signal: stop.signal });
    await vi.waitFor(() => expect(ran()).toBe('012'), 10_000);
    rmSync(at('a b.tasks.lock'));
    await expect(array()).rejects.toThrow(/Slurm job 100, have not ended; .*scancel 100 \(JOB_RUNNING\)/);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('is refused in the words of sbatch, and without sbatch', async () => {
    await expect(array({ args: ['--partition=none'] })).rejects.toThrow(
      /--slurm-arg: sbatch refused: .*invalid partition.*\(SLURM_REFUSED\)/,
    );
    rmSync(at('slurm/bin/sbatch'));
    vi.stubEnv('PATH', at('slurm/bin'));
    await expect(array()).rejects.toThrow(/the program sbatch, which is not here; .*\(SLURM_MISSING\)/);
    expect(readdirSync(root)).not.toContain('ran');
  });

  it('is refused in a folder that Slurm cannot write to', async () => {
    const job = { name: 'clean', folder: at('100%'), cwd: root, key: 'a', words: ['true'] };
    const run = { signal: new AbortController().signal, quiet: true };
    await expect(runArray(job, { tasks: 1, args: [] }, run)).rejects.toThrow(/BAD_ARGUMENT/);
    expect(readdirSync(root)).not.toContain('100%');
  });
});
