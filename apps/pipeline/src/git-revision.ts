import { relative } from 'node:path';
import { runProgram, StageError } from '@flexattn/stage';

/** Whether git knows this as a commit, in the repository of `folder`. */
export async function isRevision(text: string, folder: string): Promise<boolean> {
  // A name that begins with a dash would be an option.
  if (!/^[\w.@/~^{}][\w.@/~^{}-]*$/.test(text)) return false;
  return succeeds(['rev-parse', '--verify', '--quiet', `${text}^{commit}`], folder);
}

/** The text of a file as it was at a revision. */
export async function fileAtRevision(revision: string, file: string, folder: string): Promise<string> {
  const path = relative(folder, file).replaceAll('\\', '/');
  const lines: string[] = [];
  try {
    await runProgram('git', ['show', `${revision}:./${path}`], {
      cwd: folder,
      onLine: (line, stream) => {
        if (stream === 'stdout') lines.push(line);
      },
    });
  } catch (cause) {
    if (!(cause instanceof StageError) || cause.code !== 'PROGRAM_FAILED') throw cause;
    throw new StageError('FILE_MISSING', `it is not in ${revision}`, {
      file,
      hint: 'name another revision',
      cause,
    });
  }
  return lines.join('\n');
}

async function succeeds(args: readonly string[], cwd: string): Promise<boolean> {
  try {
    await runProgram('git', args, { cwd });
    return true;
  } catch (error) {
    if (error instanceof StageError && ['PROGRAM_FAILED', 'PROGRAM_MISSING'].includes(error.code))
      return false;
    throw error;
  }
}
