import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Relative path, with `/`, to SHA-256 of the bytes. */
export type WorldFiles = ReadonlyMap<string, string>;

/** What may differ between two runs that made the same artifacts, and why. */
const VARYING: readonly [name: RegExp, reason: string][] = [
  [/^\.flexattn\/fingerprints\.tsv$/, 'its keys hold inodes and times'],
  [/^\.flexattn\/images\.journal$/, 'its keys hold inodes and times'],
  [/^\.flexattn\/ran\//, 'holds the seconds that a stage took'],
  [/^\.flexattn\/measured\//, 'holds the seconds that a training took'],
  [/^\.flexattn\/answers\/.*\.jsonl$/, 'each process writes a file of a name of its own'],
  [/^runs\/[^/]+\/launch\//, 'the log of a trainer, with its rates'],
];

/** Names that only stand there while a process works, and after it was killed. */
const TEMPORARY = [
  /\.partial(\/|$)/,
  /^runs\/[^/]+\/[^/]+\.(staging|new|old)(\.lock)?(\/|$)/,
  /^runs\/[^/]+\/\.[^/]+\.lock/,
  /^\.flexattn\/states\//,
  /^tmp\//,
];

const isVarying = (path: string) => VARYING.some(([name]) => name.test(path));
const isTemporary = (path: string) => TEMPORARY.some((name) => name.test(path));

/** Every file below a folder; one that is removed while this looks is left out. */
export async function worldFiles(folder: string): Promise<WorldFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries.filter((entry) => !entry.isDirectory())) {
    const file = join(entry.parentPath, entry.name);
    const sha256 = entry.isFile() ? await sha256Of(file) : 'neither file nor folder';
    if (sha256 !== undefined) files.set(relative(folder, file).split(sep).join('/'), sha256);
  }
  return files;
}

/**
 * What is wrong with the files of a world where a stage was killed: under a final name stand the bytes of an
 * uninterrupted run, or nothing. A line each.
 */
export function tornFiles(found: WorldFiles, reference: WorldFiles): string[] {
  return [...found].flatMap(([path, sha256]) => {
    if (isVarying(path) || isTemporary(path) || reference.get(path) === sha256) return [];
    return [`${path}: ${reference.has(path) ? 'other bytes than' : 'not a file of'} an uninterrupted run`];
  });
}

/** What differs from an uninterrupted run once a stage has ended well: torn, missing or left over. A line each. */
export function differences(found: WorldFiles, reference: WorldFiles): string[] {
  const missing = [...reference.keys()].filter((path) => !isVarying(path) && !found.has(path));
  const left = [...found.keys()].filter(isTemporary);
  return [
    ...tornFiles(found, reference),
    ...missing.map((path) => `${path}: missing`),
    ...left.map((path) => `${path}: left over`),
  ];
}

async function sha256Of(file: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
