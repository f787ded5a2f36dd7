import { inspect } from 'node:util';
import { FlexattnError } from '../errors.js';
import type { ExitCode } from '../errors.js';
import { toIoError } from './io-error.js';

/**
 * How a command ends after `error`: one line for standard error and the exit code. A failure of the machine (a full or
 * broken disk) that came through unnamed is none of our bugs. Only a bug (70: what is not one of ours) shows its stack.
 */
export function describeError(error: unknown): { line: string; exitCode: ExitCode } {
  const failure = machineFailure(error);
  if (failure !== undefined) return describeError(failure);
  return error instanceof FlexattnError
    ? { line: `error: ${error.message}`, exitCode: error.exitCode }
    : { line: `internal error, please report it: ${inspect(error)}`, exitCode: 70 };
}

/** A file missing where we look for it may be our bug; a disk that fails, or refuses us, is not. */
function machineFailure(error: unknown): FlexattnError | undefined {
  if (error instanceof FlexattnError || !(error instanceof Error && 'errno' in error)) return undefined;
  const { code, path = 'a file' } = error as NodeJS.ErrnoException;
  if (!/^E[A-Z0-9]+$/.test(String(code))) return undefined;
  const failure = toIoError(error, path);
  return failure.code === 'FILE_MISSING' ? undefined : failure;
}
