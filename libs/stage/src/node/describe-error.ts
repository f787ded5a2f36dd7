import { inspect } from 'node:util';
import { FlexattnError } from '../errors.js';
import type { ExitCode } from '../errors.js';

/**
 * How a command ends after `error`: one line for standard error and the exit code. Only a bug (70: what is not one of
 * ours) shows its stack.
 */
export function describeError(error: unknown): { line: string; exitCode: ExitCode } {
  return error instanceof FlexattnError
    ? { line: `error: ${error.message}`, exitCode: error.exitCode }
    : { line: `internal error, please report it: ${inspect(error)}`, exitCode: 70 };
}
