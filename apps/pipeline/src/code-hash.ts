import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const packageSchema = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

/**
 * SHA-256 over the code that a lib runs: its JavaScript and Python, the exact versions of its dependencies, and the
 * same of our libs that it uses. A result is kept only as long as this stays. `from`: the module that looks it up; `known`: hashes found before.
 */
export function codeHash(name: string, from: string = import.meta.url, known = HASHED): string {
  const manifest = createRequire(from).resolve(`${name}/package.json`);
  const hash = known.get(manifest) ?? hashPackage(manifest, known);
  known.set(manifest, hash);
  return hash;
}

/** Hashes by manifest: the code of a process stays what it is while it runs. */
const HASHED = new Map<string, string>();

function hashPackage(manifest: string, known: Map<string, string>): string {
  const { dependencies } = packageSchema.parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const hash = createHash('sha256');
  for (const [dependency, version] of Object.entries(dependencies).sort()) {
    const part = dependency.startsWith('@flexattn/') ? codeHash(dependency, manifest, known) : version;
    hash.update(`${dependency} ${part}\n`);
  }
  for (const folder of ['dist', 'python']) hashCode(join(dirname(manifest), folder), hash);
  return hash.digest('hex');
}

/** What a result of this lib's JavaScript depends on. */
export function toolsOf(name: string): Record<string, string> {
  return { node: process.versions.node.split('.')[0] ?? '', [name]: codeHash(name) };
}

function hashCode(folder: string, hash: { update: (data: string | Uint8Array) => unknown }): void {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  for (const name of names.filter((file) => /\.(js|py|lock)$/.test(file)).sort()) {
    hash.update(`${name}\0`);
    hash.update(readFileSync(join(folder, name)));
  }
}
