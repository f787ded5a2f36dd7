import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';
import type { Published } from '../benchmark.js';
import { EvalError } from '../errors.js';

/**
 * Where a benchmark's files are, relative to `folder`: '' or the published folder's name followed by '/'.
 * Files that are not there: `BENCHMARK_INCOMPLETE`, which lists them and says where they come from.
 */
export async function locate(
  name: string,
  folder: string,
  published: Published,
  protocol?: string,
): Promise<string> {
  const below = published.folder === undefined ? '' : `${published.folder}/`;
  const prefix = below !== '' && (await exists(join(folder, below))) ? below : '';
  const special = published.protocolFiles?.[protocol ?? ''];
  const sets = [published, ...(special === undefined ? [] : [special])];
  const missing: string[] = [];
  const sources: string[] = [];
  for (const { files, source } of sets) {
    const found = await Promise.all(files.map((file) => exists(join(folder, prefix, file))));
    const lacking = files.filter((_, i) => found[i] !== true);
    if (lacking.length > 0) sources.push(source);
    missing.push(...lacking);
  }
  if (missing.length === 0) return prefix;
  throw new EvalError('BENCHMARK_INCOMPLETE', `the benchmark "${name}" lacks ${missing.join(', ')}`, {
    file: join(folder, prefix),
    hint: `get it from ${sources.join(' and ')}`,
  });
}

/** Names in a folder, in code unit order. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw toIoError(cause, folder);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    const error = toIoError(cause, path);
    if (error.code === 'FILE_MISSING') return false;
    throw error;
  }
}
