import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StageError } from '../errors.js';
import { CompiledLib } from './real-process.fixture.js';
import { runProgram, type RunProgramOptions } from './run-program.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const runNode = (script: string, options: RunProgramOptions = {}, ...args: string[]) =>
  runProgram(process.execPath, ['-e', script, ...args], options);
const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Whether a process runs; one that nobody waited for yet has ended. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setTimeout(5);
}

describe('a program that ends well', () => {
  it('gives its last lines and tells each as it comes', async () => {
    const lines: string[] = [];
    const output = await runNode(`console.log('a\\nb'); console.error('é'); process.stdout.write('end')`, {
      onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    });
    expect(output).toEqual({ stdoutTail: ['a', 'b', 'end'], stderrTail: ['é'] });
    expect(lines.sort()).toEqual(['stderr: é', 'stdout: a', 'stdout: b', 'stdout: end']);
  });

  it('gets its arguments as they are, without a shell', async () => {
    const args = ['$HOME', '; exit 3', '`id`', '"', '', 'a b', '*'];
    const { stdoutTail } = await runNode('console.log(JSON.stringify(process.argv.slice(1)))', {}, ...args);
    expect(JSON.parse(stdoutTail.join(''))).toEqual(args);
  });

  it('runs in the folder that was asked for', async () => {
    const folder = await temporaryFolder();
    expect((await runNode('console.log(process.cwd())', { cwd: folder })).stdoutTail).toEqual([folder]);
  });

  it('may write much', async () => {
    let count = 0;
    const script = `for (let i = 0; i < 50000; i++) console.log('line ' + i); console.log('x'.repeat(3e6))`;
    const output = await runNode(script, { onLine: () => (count += 1) });
    expect(count).toBe(50_001);
    expect(output.stdoutTail).toHaveLength(30);
    expect(output.stdoutTail.at(-2)).toBe('line 49999');
    expect(output.stdoutTail.at(-1)).toBe('x'.repeat(10_000));
  });

  it.runIf(existsSync('/proc'))('takes what it left running with it', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn('sleep', ['60'], { stdio: 'inherit' });
      child.once('spawn', () => { console.log(child.pid); process.exit(0); });`;
    const { stdoutTail } = await runNode(script);
    await until(() => !runs(Number(stdoutTail[0])));
  });
});

describe('the environment', () => {
  it('passes what is allowed only', async () => {
    vi.stubEnv('CANARY_SECRET', 'canary');
    vi.stubEnv('HF_TOKEN', 'canary');
    vi.stubEnv('ALLOWED', 'yes');
    vi.stubEnv('NCCL_DEBUG', 'info');
    vi.stubEnv('NCCLX', 'canary');
    try {
      let text = '';
      await runNode('console.log(JSON.stringify(process.env))', {
        onLine: (line) => (text += line),
        allowEnv: ['ALLOWED', 'NCCL_*'],
        env: { GIVEN: 'given', LANG: 'C' },
      });
      const environment = JSON.parse(text) as Record<string, string>;
      expect(environment).toMatchObject({ ALLOWED: 'yes', NCCL_DEBUG: 'info', GIVEN: 'given', LANG: 'C' });
      expect(environment['PATH']).toBe(process.env['PATH']);
      expect(JSON.stringify(environment)).not.toContain('canary');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('a program that fails', () => {
  it('says so at once, though what it started holds its output', async () => {
    const file = join(await temporaryFolder(), 'pid');
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { detached: true, stdio: 'inherit' });
      child.unref();
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
    `;
    // Without its death the run would end after a minute.
    const onEnd = () => void process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    await expect(runNode(script, { onEnd })).resolves.toBeDefined();
  });

  it.each([
    ['process.exit(3)', { exitCode: 3, signal: undefined }],
    [`process.kill(process.pid, 'SIGKILL')`, { exitCode: undefined, signal: 'SIGKILL' }],
    ['', { exitCode: 0, signal: undefined }],
  ])('and one that does not say how they ended: %s', async (script, expected) => {
    const ends: object[] = [];
    await runNode(script, { onEnd: (end) => ends.push(end) }).catch(() => undefined);
    expect(ends).toEqual([expected]);
  });

  it.each([
    [
      'its last line on standard error',
      `console.log('out'); console.error('a\\nValueError: bad\\n\\n'); process.exit(3)`,
      'ended with exit code 3: ValueError: bad (PROGRAM_FAILED)',
    ],
    [
      'its last line, where standard error is empty',
      `console.log('out'); process.exit(3)`,
      'ended with exit code 3: out (PROGRAM_FAILED)',
    ],
    ['no line', `process.exit(1)`, 'ended with exit code 1 (PROGRAM_FAILED)'],
    ['a signal', `process.kill(process.pid, 'SIGKILL')`, 'ended with signal SIGKILL (PROGRAM_FAILED)'],
    [
      'one line, whatever it wrote',
      `process.stderr.write('a\\u001b[2Jb'); process.exit(3)`,
      'exit code 3: a\\u001b[2Jb (PROGRAM_FAILED)',
    ],
  ])('is told with %s', async (_, script, message) => {
    const error = await failureOf(runNode(script));
    expect(error).toMatchObject({ code: 'PROGRAM_FAILED', exitCode: 70 });
    expect((error as Error).message).toContain(message);
  });

  it('is told where it is missing or cannot be run', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'no-program'), 'text');
    const cases = { 'no-such-program': 'ENOENT', [join(folder, 'no-program')]: 'EACCES', [folder]: 'EACCES' };
    for (const [program, errno] of Object.entries(cases)) {
      const error = await failureOf(runProgram(program, []));
      expect(error).toMatchObject({ code: 'PROGRAM_MISSING', exitCode: 2 });
      expect((error as Error).message).toContain(`cannot start "${program}" (${errno})`);
    }
  });

  it('is not blamed for a missing folder', async () => {
    const cwd = join(await temporaryFolder(), 'missing');
    expect(await failureOf(runNode('', { cwd }))).toMatchObject({ code: 'FILE_MISSING', file: cwd });
  });

  it('is stopped where the listener throws', async () => {
    const failure = new Error('listener');
    let pid = 0;
    const error = await failureOf(
      runNode('console.log(process.pid); setInterval(() => {}, 1000)', {
        onLine: (line) => {
          pid = Number(line);
          throw failure;
        },
      }),
    );
    expect(error).toBe(failure);
    await until(() => !runs(pid));
  });
});

/** Starts a child of its own that ignores SIGINT and writes "ticks" to a file; both run until they are killed. */
const WITH_GRANDCHILD = `
  const { spawn } = require('node:child_process');
  const script = "process.on('SIGINT', () => {}); console.log('up'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', () => console.log(process.pid + ' ' + child.pid));
  setInterval(() => {}, 1000);`;

describe('an abort', () => {
  it.runIf(existsSync('/proc'))('ends the program and its children', async () => {
    const abort = new AbortController();
    let pids: number[] = [];
    const error = await failureOf(
      runNode(WITH_GRANDCHILD, {
        signal: abort.signal,
        onLine: (line) => {
          pids = line.split(' ').map(Number);
          abort.abort();
        },
      }),
    );
    expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(runs));
  });

  it('lets the program end by itself, and is still an interruption', async () => {
    const abort = new AbortController();
    const lines: string[] = [];
    const reason = new StageError('INTERRUPTED', 'stopped by SIGTERM', { exitCode: 143 });
    const script = `
      process.once('SIGINT', () => { console.log('saved'); process.exit(0); });
      console.log('up'); setInterval(() => {}, 1000);`;
    const error = await failureOf(
      runNode(script, {
        signal: abort.signal,
        onLine: (line) => {
          lines.push(line);
          abort.abort(reason);
        },
      }),
    );
    expect(error).toBe(reason);
    expect(lines).toEqual(['up', 'saved']);
  });

  it('is written to a program that is stopped by a text, and no signal is sent', async () => {
    const abort = new AbortController();
    const lines: string[] = [];
    const script = `
      process.on('SIGINT', () => console.log('signal'));
      process.stdin.once('data', (text) => { console.log('read ' + text); process.exit(0); });
      console.log('up');`;
    const error = await failureOf(
      runNode(script, {
        signal: abort.signal,
        stopText: 'stop',
        onLine: (line) => {
          lines.push(line);
          abort.abort();
        },
      }),
    );
    expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(lines).toEqual(['up', 'read stop']);
  });

  it('kills a program that will not end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const abort = new AbortController();
      const script = `
        process.on('SIGINT', () => console.log('no')); console.log('up'); setInterval(() => {}, 1000);`;
      const error = await failureOf(
        runNode(script, {
          signal: abort.signal,
          onLine: (line) => {
            if (line === 'up') abort.abort();
            else vi.advanceTimersByTime(5000);
          },
        }),
      );
      expect(error).toMatchObject({ code: 'INTERRUPTED' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('before the start starts nothing', async () => {
    const marker = join(await temporaryFolder(), 'marker');
    const script = `require('node:fs').writeFileSync(process.argv[1], '')`;
    const error = await failureOf(runNode(script, { signal: AbortSignal.abort() }, marker));
    expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(existsSync(marker)).toBe(false);
    await runNode(script, { signal: new AbortController().signal }, marker);
    expect(existsSync(marker)).toBe(true);
  });

  it('leaves no listeners behind', async () => {
    const before = process.listenerCount('exit');
    await runNode('');
    await failureOf(runProgram('no-such-program', []));
    expect(process.listenerCount('exit')).toBe(before);
  });
});

describe.runIf(existsSync('/proc'))('the end of the parent', () => {
  let lib: CompiledLib;
  beforeAll(async () => {
    lib = await CompiledLib.make();
  });
  afterAll(() => lib.remove());

  /** A program that runs until its standard input ends, as the trainer does. */
  const CHILD = `
    require('node:fs').writeFileSync(process.argv[1], String(process.pid));
    process.stdin.resume().on('end', () => process.exit(0)); setInterval(() => {}, 1000); console.log('up')`;
  const PARENT = `
    import { runProgram } from './src/node/run-program.js';
    const [child, file, exit] = process.argv.slice(2);
    const onLine = () => { console.log('up'); if (exit === 'exit') process.exit(3); };
    await runProgram(process.execPath, ['-e', child, file], { onLine });`;

  it.each([
    ['kill -9', CHILD, 'stay', null],
    ['its own exit', CHILD.replace('process.exit(0)', '0'), 'exit', 3],
  ])('ends the program: %s', async (_, child, how, code) => {
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'pid');
    const parent = await lib.start(PARENT, child, file, how);
    await parent.said('up');
    const pid = Number(await readFile(file, 'utf8'));
    if (how === 'stay') {
      expect(runs(pid)).toBe(true);
      parent.kill('SIGKILL');
    }
    expect((await parent.ended).code).toBe(code);
    await until(() => !runs(pid));
  });
});
