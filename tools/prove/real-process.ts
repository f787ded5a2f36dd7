import { spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** What a process printed is there so soon after its end, also on a busy machine. */
const LAST_WORDS_MS = 1000;

/** How a process ended, and what it printed until then. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** From its start to its end. */
  seconds: number;
}

export interface ProcessOptions {
  cwd: string;
  /** Over the environment of this process. */
  env?: Readonly<Record<string, string>>;
  /** Told all that it has printed so far, whenever it prints. */
  watch?: (printed: string) => void;
}

/** A program that runs as the leader of a process group of its own. */
export interface RealProcess {
  pid: number;
  ended: Promise<Outcome>;
  /** SIGKILL: to its whole group, or to it alone; nothing where it has ended. */
  kill(whom: 'group' | 'alone'): void;
}

/** Starts a program with nothing to read; an argument array, never a shell. */
export function startProcess(program: string, args: readonly string[], options: ProcessOptions): RealProcess {
  const began = performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  const outcome = { code: null, signal: null, stdout: '', stderr: '', seconds: 0 };
  const ended = new Promise<Outcome>((done, fail) => {
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        outcome[stream] += chunk.toString();
        options.watch?.(outcome.stdout + outcome.stderr);
      });
    }
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      const seconds = (performance.now() - began) / 1000;
      const tell = () => {
        done({ ...outcome, code, signal, seconds });
      };
      child.once('close', tell);
      // What it leaves running may hold its pipes for ever, which is what some tests are about.
      setTimeout(tell, LAST_WORDS_MS).unref();
    });
  });
  if (pid === undefined) throw new Error(`cannot start ${program}`);
  return { pid, ended, kill: (whom) => killProcess(whom === 'group' ? -pid : pid) };
}

/** SIGKILL; nothing where the process has ended already. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A process that runs, and its command line for people. */
export interface Found {
  pid: number;
  line: string;
}

/**
 * Processes that run inside a folder, or whose TMPDIR is in it (which every child of a stage inherits). Linux only;
 * one that has ended and waits for its parent does not count.
 */
export async function processesOf(folder: string): Promise<Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => ofFolder(pid, folder)));
  return found.filter((process) => process !== undefined);
}

/** Looks until no process of the folder is left but those that may stay, for at most `ms`: how long it took, and who is left. */
export async function untilAlone(
  folder: string,
  ms: number,
  mayStay: (found: Found) => boolean = () => false,
): Promise<{ ms: number; left: Found[] }> {
  const began = performance.now();
  for (;;) {
    const left = (await processesOf(folder)).filter((found) => !mayStay(found));
    const took = performance.now() - began;
    if (left.length === 0 || took > ms) return { ms: took, left };
    await wait(20);
  }
}

async function ofFolder(pid: string, folder: string): Promise<Found | undefined> {
  try {
    const [cwd, environ] = await Promise.all([
      readlink(`/proc/${pid}/cwd`),
      readFile(`/proc/${pid}/environ`, 'utf8'),
    ]);
    const isInside = (path: string) => path === folder || path.startsWith(folder + sep);
    const temporary = environ.split('\0').find((entry) => entry.startsWith('TMPDIR='));
    if (!isInside(cwd) && !isInside(temporary?.slice('TMPDIR='.length) ?? '')) return undefined;
    const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return { pid: Number(pid), line };
  } catch (error) {
    // It has ended meanwhile, has ended and waits for its parent, or is another user's.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
