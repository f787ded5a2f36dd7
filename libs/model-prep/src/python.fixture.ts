import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const workspaceInterpreter = fileURLToPath(new URL('../../../.flexattn/python/bin/python', import.meta.url));

/** The interpreter with torch and safetensors that made the files which tests read. Its absence fails them. */
function interpreter(): string {
  const named = process.env['FLEXATTN_PYTHON'];
  if (named !== undefined && named !== '') return named;
  if (existsSync(workspaceInterpreter)) return workspaceInterpreter;
  throw new Error(
    `these tests need a Python with torch: set FLEXATTN_PYTHON, or make ${workspaceInterpreter} (npx nx run train:python-env)`,
  );
}

/** Runs a Python program with arguments; what it prints. */
export const runPython = (program: string, ...args: string[]): string =>
  execFileSync(interpreter(), ['-c', program, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
