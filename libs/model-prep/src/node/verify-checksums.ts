import { readFile, stat } from 'node:fs/promises';
import { resolveInside, sha256File, toIoError } from '@flexattn/stage';
import { parseChecksums } from '../checksum-list.js';
import { ModelPrepError } from '../errors.js';
import { entryKind } from './weight-file.js';

/** What became of one line of the list. */
export interface VerifiedFile {
  path: string;
  state: 'ok' | 'differs' | 'missing';
}

/** Bytes; a list of a thousand files has 100 kB. */
const MAX_LIST_BYTES = 16e6;

/**
 * Compares the files of a folder with a list as `sha256sum` writes it; names count from the folder.
 *
 * @param list path of the list
 * @throws ModelPrepError BAD_CHECKSUMS; PATH_ESCAPE for a name that leaves the folder
 */
export async function verifyChecksums(
  dir: string,
  list: string,
  signal?: AbortSignal,
): Promise<{ ok: boolean; files: VerifiedFile[] }> {
  const files: VerifiedFile[] = [];
  for (const { path, sha256 } of parseChecksums(await readList(list), list)) {
    signal?.throwIfAborted();
    const file = resolveInside(dir, path);
    const isThere = (await entryKind(file)) === 'file';
    const state = !isThere ? 'missing' : (await sha256File(file)) === sha256 ? 'ok' : 'differs';
    files.push({ path, state });
  }
  return { ok: files.every(({ state }) => state === 'ok'), files };
}

async function readList(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_LIST_BYTES) return await readFile(file, 'utf8');
    const what = `expected at most ${MAX_LIST_BYTES} bytes, got ${size}`;
    throw new ModelPrepError('BAD_CHECKSUMS', what, { file, hint: 'is it the right file?' });
  } catch (cause) {
    throw toIoError(cause, file);
  }
}
