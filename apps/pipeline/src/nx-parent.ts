import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Where a command looks for the Nx that started it. */
export interface NxChild {
  env: Readonly<Record<string, string | undefined>>;
  stdin: Pick<Readable, 'resume' | 'once'> & { unref?: () => unknown };
  /** Whether standard input is a pipe, as Nx gives it; not a terminal, a file or nothing. */
  isPipe: () => boolean;
  exit: (code: number) => void;
}

/**
 * A command that Nx runs as the target of its name ends when Nx is gone, and its children with it. Nx starts it through
 * a shell, so nobody else would notice a `kill -9`; but its standard input is a pipe that Nx holds open and never writes to.
 */
export function endWithNx(target: string, { env, stdin, isPipe, exit }: NxChild = thisProcess()): void {
  if (env['NX_TASK_TARGET_TARGET'] !== target || !isPipe()) return;
  const end = () => {
    exit(143);
  };
  stdin.once('end', end).once('error', end);
  stdin.resume();
  stdin.unref?.(); // it must not keep a command alive that is done
}

function thisProcess(): NxChild {
  const isPipe = () => {
    const found = fstatSync(0);
    return found.isFIFO() || found.isSocket();
  };
  // Opened only where it is read: a getter makes a stream of it.
  return {
    env: process.env,
    get stdin() {
      return process.stdin;
    },
    isPipe,
    exit: (code) => process.exit(code),
  };
}
