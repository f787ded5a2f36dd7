import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that is tested. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The interpreter that `python-env` made. */
export const PYTHON = join(
  ROOT,
  '.flexattn',
  'python',
  process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python',
);

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** What the program reads from standard input; left out: nothing, and no end. */
  input?: string;
  /** Told the child, and everything that it has printed so far whenever it prints. */
  watch?: (child: ChildProcess, printed: string) => void;
}

/** Runs a program and collects what it prints. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { cwd = ROOT, env = {}, input, watch } = options;
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0', NO_COLOR: '1', ...env },
    });
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      outcome[stream] += chunk.toString();
      watch?.(child, outcome.stdout + outcome.stderr);
    };
    child.stdout.on('data', collect('stdout'));
    child.stderr.on('data', collect('stderr'));
    child.on('error', fail);
    if (input !== undefined) child.stdin.end(input);
    child.on('close', (code) => done({ ...outcome, code }));
  });
}

/** Runs the `flexattn` command of this checkout. */
export function flexattn(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return runCommand(process.execPath, [join(ROOT, 'apps/pipeline/bin/flexattn.js'), ...args], options);
}
