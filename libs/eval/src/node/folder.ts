import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists, toIoError } from '@flexattn/stage';
import type { Benchmark } from '../benchmark.js';
import { EvalError } from '../errors.js';

/**
 * Where a benchmark's files are, relative to `folder`: those of `published.files`, then those of the protocol, in their
 * order; the first of several names that is there. What is not there: `BENCHMARK_INCOMPLETE`, which lists it and says
 * where it comes from.
 */
export async function locate(
  { name, published }: Pick<Benchmark, 'name' | 'published'>,
  folder: string,
  protocol = '',
): Promise<string[]> {
  const below = published.folder === undefined ? '' : `${published.folder}/`;
  const prefix = below !== '' && (await pathExists(join(folder, below))) ? below : '';
  const special = published.protocolFiles?.[protocol];
  const located: string[] = [];
  const missing: string[] = [];
  const sources = new Set<string>();
  for (const { files, source } of [published, ...(special === undefined ? [] : [special])]) {
    for (const file of files) {
      const names = typeof file === 'string' ? [file] : file;
      const found = await Promise.all(names.map((one) => pathExists(join(folder, prefix, one))));
      const there = names[found.indexOf(true)];
      if (there !== undefined) located.push(`${prefix}${there}`);
      else {
        missing.push(names.join(' or '));
        sources.add(source);
      }
    }
  }
  if (missing.length === 0) return located;
  throw new EvalError('BENCHMARK_INCOMPLETE', `the benchmark "${name}" lacks ${missing.join(', ')}`, {
    file: join(folder, prefix),
    hint: `get it from ${[...sources].join(' and ')}`,
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
