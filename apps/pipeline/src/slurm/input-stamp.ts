import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A hash of the names, sizes and times of files, and of all files below folders: quick, and another where anything
 * was written. What is not there counts as that.
 */
export function inputStamp(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    hash.update(`${path}\0${found === undefined ? 'missing' : `${found.size}\0${found.mtimeNs}`}\n`);
    if (found?.isDirectory() !== true) continue;
    for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
      const file = statSync(join(path, name), { bigint: true, throwIfNoEntry: false });
      if (file?.isDirectory() !== true) hash.update(`${name}\0${file?.size}\0${file?.mtimeNs}\n`);
    }
  }
  return hash.digest('hex');
}
