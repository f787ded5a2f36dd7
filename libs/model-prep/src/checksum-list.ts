import { ModelPrepError } from './errors.js';

/** One line of a list of checksums. */
export interface Checksum {
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  path: string;
}

/**
 * The lines of what `sha256sum` writes: hash, a space, a space or `*`, name. Names with a backslash or line break are
 * written escaped, behind a backslash in front of the hash; empty lines are skipped.
 *
 * @throws ModelPrepError BAD_CHECKSUMS, naming the line
 */
export function parseChecksums(text: string, file: string): Checksum[] {
  const checksums: Checksum[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, escaped, sha256, path] = /^(\\?)([0-9a-fA-F]{64}) [ *](.+?)\r?$/.exec(line) ?? [];
    if (sha256 === undefined || path === undefined) {
      const what = `expected 64 hexadecimal digits, two spaces and a name, got ${JSON.stringify(line.slice(0, 80))}`;
      const hint = 'write it with sha256sum';
      throw new ModelPrepError('BAD_CHECKSUMS', what, { file, item: `line ${i + 1}`, hint });
    }
    checksums.push({ sha256: sha256.toLowerCase(), path: escaped === '' ? path : unescapeName(path) });
  }
  if (checksums.length > 0) return checksums;
  const hint = 'write it with sha256sum';
  throw new ModelPrepError('BAD_CHECKSUMS', 'expected at least one line, got none', { file, hint });
}

const unescapeName = (name: string): string =>
  name.replace(/\\([\\nr])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 'r' ? '\r' : '\\',
  );
