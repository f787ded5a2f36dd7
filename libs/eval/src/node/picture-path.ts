import { posix } from 'node:path';
import { resolveInside } from '@flexattn/stage';
import type { Picture } from '../item.js';

/** A picture file below a folder of the benchmark. A name that leaves it: `PATH_ESCAPE`, which makes the item a reject. */
export function pictureIn(folder: string, name: string): Picture {
  return { kind: 'file', path: resolveInside(folder, posix.normalize(name)) };
}
