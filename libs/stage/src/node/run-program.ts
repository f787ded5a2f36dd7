import { stat } from 'node:fs/promises';
import type { execa as Execa, Result } from 'execa';
import { FlexattnError, StageError } from '../errors.js';
import { toIoError } from './io-error.js';

export interface RunProgramOptions {
  cwd?: string | undefined;
  /** Variables that the program gets, whatever the environment holds. */
  env?: Record<string, string> | undefined;
  /** More names that may pass from the environment: `CUDA_VISIBLE_DEVICES`, or a prefix as `NCCL_*`. */
  allowEnv?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
  /** Written to its standard input at an abort, instead of SIGINT to its group: for programs that kill their own children at a signal. */
  stopText?: string | undefined;
  /** How long it may take to end after an abort, in milliseconds; then it is killed. 5 seconds if left out. */
  graceMs?: number | undefined;
  /** Told its exit code, or the signal that killed it, as soon as it has ended: what it started may still hold its output. */
  onEnd?: ((end: { exitCode: number | undefined; signal: string | undefined }) => void) | undefined;
  /** Every line as it comes; where it throws, the program is killed and the run rejects with its error. */
  onLine?: ((line: string, stream: 'stdout' | 'stderr') => void) | undefined;
}

/** The last 30 lines of both streams, each cut after 10,000 characters. */
export interface ProgramOutput {
  stdoutTail: string[];
  stderrTail: string[];
}

/** What any program may need to start; everything else of the environment, secrets included, stays here. */
const ALWAYS = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'LD_LIBRARY_PATH',
];
const TAIL_LINES = 30;
/** A line of a tail is cut here: a progress bar may write megabytes before its first line end. */
const TAIL_LINE_CHARACTERS = 10_000;
/** Characters of the last line that an error shows. */
const SHOWN = 500;
const GRACE_MS = 5000;

/**
 * Runs a program from an argument array (never a shell) in a process group of its own and waits for its end.
 * On abort the group gets SIGINT (or the program its `stopText`), after `graceMs` SIGKILL; what the program itself leaves running in its group is
 * killed when it ends. Its standard input is a pipe that closes when we die, however we die: a program that must not
 * outlive us reads it until the end of file.
 * `PROGRAM_MISSING` where it cannot be started, `PROGRAM_FAILED` (exit 70) with its last line, `INTERRUPTED` (130).
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunProgramOptions = {},
): Promise<ProgramOutput> {
  const { cwd, signal, stopText, graceMs = GRACE_MS, onEnd, onLine } = options;
  await checkFolder(cwd);
  const { execa } = await import('execa'); // 80 ms that what starts no program need not wait for
  throwIfAborted(signal);
  const output: ProgramOutput = { stdoutTail: [], stderrTail: [] };
  const child = start(execa, program, args, options);
  const kill = () => signalGroup(child.pid, 'SIGKILL');
  let killTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (stopText === undefined) signalGroup(child.pid, 'SIGINT');
    else child.stdin.write(stopText);
    killTimer = setTimeout(kill, graceMs);
  };
  const follow = async (stream: 'stdout' | 'stderr') => {
    const tail = output[`${stream}Tail`];
    for await (const line of child.iterable({ from: stream })) {
      tail.push(line.slice(0, TAIL_LINE_CHARACTERS));
      if (tail.length > TAIL_LINES) tail.shift();
      try {
        onLine?.(line, stream);
      } catch (error) {
        kill();
        throw error;
      }
    }
  };
  child.once('exit', (exitCode, killer) => {
    kill();
    onEnd?.({ exitCode: exitCode ?? undefined, signal: killer ?? undefined });
  });
  process.once('exit', kill);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const [result] = await Promise.all([child, follow('stdout'), follow('stderr')]);
    throwIfAborted(signal);
    if (result.failed) throw programError(program, result, output);
    return output;
  } finally {
    clearTimeout(killTimer);
    process.removeListener('exit', kill);
    signal?.removeEventListener('abort', stop);
  }
}

/** The abort's own reason where it is an error of ours. */
function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const reason: unknown = signal.reason;
  throw reason instanceof FlexattnError
    ? reason
    : new StageError('INTERRUPTED', 'stopped', { exitCode: 130, cause: reason });
}

function start(
  execa: typeof Execa,
  program: string,
  args: readonly string[],
  { cwd, env, allowEnv = [] }: RunProgramOptions,
) {
  return execa(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...allowedEnvironment(allowEnv), ...env },
    extendEnv: false,
    detached: process.platform !== 'win32',
    buffer: false,
    reject: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

/** A missing folder would look like a missing program. */
async function checkFolder(cwd: string | undefined): Promise<void> {
  if (cwd === undefined) return;
  try {
    await stat(cwd);
  } catch (cause) {
    throw toIoError(cause, cwd);
  }
}

type ProgramEnd = Pick<Result, 'exitCode' | 'signal' | 'code' | 'cause'>;

function programError(program: string, { exitCode, signal, code, cause }: ProgramEnd, output: ProgramOutput) {
  if (exitCode === undefined && signal === undefined) {
    return new StageError('PROGRAM_MISSING', `cannot start "${program}" (${code ?? 'unknown'})`, {
      hint: 'install it, or name it with its path',
      cause,
    });
  }
  const end = signal === undefined ? `exit code ${exitCode ?? ''}` : `signal ${signal}`;
  const said = [output.stderrTail, output.stdoutTail].map((tail) =>
    tail.findLast((line) => line.trim() !== ''),
  );
  const last = said.find((line) => line !== undefined);
  return new StageError(
    'PROGRAM_FAILED',
    `"${program}" ended with ${end}${last === undefined ? '' : `: ${last.trim().slice(0, SHOWN)}`}`,
    { exitCode: 70, cause },
  );
}

function allowedEnvironment(more: readonly string[]): Record<string, string> {
  const allowed = [...ALWAYS, ...more];
  const matches = (name: string) =>
    allowed.some((rule) => (rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule));
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && matches(name) ? [[name, value]] : [],
    ),
  );
}

/** A group that has ended already is what we want; one that is not ours (sudo) cannot be helped. */
function signalGroup(pid: number | undefined, signal: 'SIGINT' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
