import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** From the root of the repository, where fuzzers are started. */
const CORPUS = join('tools', 'fuzz', 'corpus');

/** A small good file, which inputs are made of. */
export function corpusFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(CORPUS, name)));
}

/** The good files of a fuzzer by name, in the order of their names. */
export function corpusFiles(folder: string): Map<string, Uint8Array> {
  const names = readdirSync(join(CORPUS, folder)).sort();
  return new Map(names.map((name) => [name, corpusFile(join(folder, name))]));
}

/** A temporary folder, with a copy of a fuzzer's good files where one is named. */
export function temporaryFolder(copied?: string): { path: string; close: () => Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'flexattn-fuzz-'));
  if (copied !== undefined) cpSync(join(CORPUS, copied), path, { recursive: true });
  return { path, close: () => Promise.resolve(rmSync(path, { recursive: true, force: true })) };
}
