import { posix } from 'node:path';
import { StageError } from './errors.js';

/**
 * A relative name joined to `root` (both with `/` or `\`), or `PATH_ESCAPE` where it would leave it: absolute names,
 * drives, `..` beyond the root, NUL; also where it names `root` itself. Lexical only: who opens the file also refuses links that point outside.
 */
export function resolveInside(root: string, name: string): string {
  const slashed = name.replaceAll('\\', '/');
  const normal = posix.normalize(slashed);
  const leaves =
    name.includes('\0') ||
    slashed.startsWith('/') ||
    /^[a-z]:/i.test(slashed) ||
    normal === '..' ||
    normal.startsWith('../');
  if (leaves || normal === '.' || normal === './') {
    throw new StageError('PATH_ESCAPE', `"${name}" ${leaves ? 'leaves' : 'is'} the folder ${root}`, {
      hint: 'use a relative path inside it',
    });
  }
  return posix.join(root, normal);
}
