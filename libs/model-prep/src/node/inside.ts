import { isAbsolute, relative } from 'node:path';

/** Is `path` the folder itself or below it? Both absolute, links resolved by the caller. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
