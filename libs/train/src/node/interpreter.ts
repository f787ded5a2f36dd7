import { join } from 'node:path';
import { parseJson, runProgram, StageError } from '@flexattn/stage';
import { TrainError } from '../errors.js';
import { foundVersionsSchema } from '../python-versions.js';
import type { FoundVersions } from '../python-versions.js';
import { packageFolder, PYTHON_ENV } from './package-folder.js';

/** Asks an interpreter what it has; `PYTHON_MISSING` where it cannot be started or does not answer. */
export async function versionsOf(python: string, signal: AbortSignal | undefined): Promise<FoundVersions> {
  const script = join(packageFolder, 'flexattn_train', 'versions.py');
  try {
    const lines: string[] = [];
    await runProgram(python, ['-B', script], {
      allowEnv: PYTHON_ENV,
      signal,
      onLine: (line, stream) => stream === 'stdout' && lines.push(line),
    });
    return foundVersionsSchema.parse(parseJson(lines.join('\n')));
  } catch (cause) {
    if (cause instanceof StageError && cause.code === 'INTERRUPTED') throw cause;
    throw new TrainError('PYTHON_MISSING', 'expected a Python interpreter that runs, got none', {
      file: python,
      hint: 'install Python 3.10 or later with its venv module (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python), or name an interpreter in FLEXATTN_PYTHON',
      cause,
    });
  }
}
