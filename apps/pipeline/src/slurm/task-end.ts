import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathExists, tellLine, type ExitCode } from '@flexattn/stage';
import { PipelineError } from '../errors.js';

/** How a task of an array ended: its exit code where it left one, and what Slurm last said of it. */
export interface TaskEnd {
  index: number;
  code: number | undefined;
  state: string | undefined;
}

/** Lines of a log that are shown. */
const TAIL_LINES = 20;
const EXIT_CODES: readonly ExitCode[] = [1, 2, 70, 74, 75];

/** The error of an array: shows the end of the first failed task's log, and ends with that task's exit code. */
export async function tasksFailed(
  failed: readonly TaskEnd[],
  first: TaskEnd,
  tasks: number,
  log: string,
): Promise<PipelineError> {
  for (const line of await lastLines(log)) tellLine(`task ${first.index}: ${line}`);
  const names = failed.map(({ index }) => index).join(', ');
  const what = `${failed.length} of ${tasks} tasks failed (${names}); task ${first.index} ${endOf(first)}`;
  return new PipelineError('TASKS_FAILED', what, {
    file: log,
    hint: 'see its log, and run the same command again: only tasks that did not end well are repeated',
    exitCode: EXIT_CODES.find((code) => code === first.code) ?? 74,
  });
}

function endOf({ code, state }: TaskEnd): string {
  if (code !== undefined) return `ended with exit code ${code}`;
  return state === undefined ? 'left no exit code' : `ended as ${state}`;
}

async function lastLines(file: string): Promise<string[]> {
  if (!(await pathExists(file))) return [];
  const tail: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
  }
  return tail;
}
