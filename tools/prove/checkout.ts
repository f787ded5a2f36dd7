import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout whose built `flexattn` is proved: the nearest folder above this file with an `nx.json`. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** What a shell would call `flexattn`. */
export const FLEXATTN = join(ROOT, 'apps/pipeline/bin/flexattn.js');

/** The interpreter to train with: that of the environment, else the one that `flexattn python-env` made. */
export function pythonProgram(): string {
  const own = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
  return process.env['FLEXATTN_PYTHON'] || join(ROOT, '.flexattn/python', own);
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'nx.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('expected a folder with an nx.json above this file');
  return rootAbove(parent);
}
