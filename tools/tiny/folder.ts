import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '@flexattn/stage';
import type { WorldFile } from './world-file.js';

/** Every file below a folder, with `/`; none when the folder is not there. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** Writes the files and removes every other one below the folders named in `owned`. */
export async function writeFolder(
  folder: string,
  files: readonly WorldFile[],
  owned: readonly string[],
): Promise<void> {
  for (const name of owned) await rm(join(folder, name), { recursive: true, force: true });
  for (const { path, bytes } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, bytes);
  }
}

/**
 * What is different in a folder: one line a file that is missing, has other bytes, or lies below an owned
 * folder and should not be there.
 */
export async function compareFolder(
  folder: string,
  files: readonly WorldFile[],
  owned: readonly string[],
): Promise<string[]> {
  const wanted = new Set(files.map(({ path }) => path));
  const found = await listFiles(folder);
  const extra = found.filter(
    (path) => owned.some((name) => path.startsWith(`${name}/`)) && !wanted.has(path),
  );
  const there = new Set(found);
  const differences = extra.map((path) => `${path}: not made by the generator`);
  for (const { path, bytes } of files) {
    if (!there.has(path)) differences.push(`${path}: missing`);
    else if (!Buffer.from(bytes).equals(await readFile(join(folder, path))))
      differences.push(`${path}: other bytes`);
  }
  return differences;
}
