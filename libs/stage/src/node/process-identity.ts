import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  /** Linux: when it started, in clock ticks since boot (field 22 of `/proc/<pid>/stat`); elsewhere 0, unknown. */
  started: number;
}

/** The identity of the running process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), started: statusOf(process.pid)?.started ?? 0 };
}

/** Whether the process has ended for certain; one on another host cannot be checked and has not. */
export function isGone({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
  const status = statusOf(pid);
  if (status === undefined) return false;
  return status.ended || (started !== 0 && status.started !== started);
}

/** Undefined where the system has no `/proc` or hides the process. */
function statusOf(pid: number): { ended: boolean; started: number } | undefined {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
  // The second field is the program's name in brackets, which may hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { ended: fields[0] === 'Z' || fields[0] === 'X', started: Number(fields[19]) };
}
