import { crc32 } from 'node:zlib';

/** A line: a key of 43 characters, a hash of 64, a check of 8, two tabs and the end. */
const LINE = /^[\w-]{43}\t[0-9a-f]{64}\t[0-9a-f]{8}$/;
const KEY_LENGTH = 43;
const LINE_BYTES = 118;

/**
 * Lines of keys and hashes, sorted by key, and searched where they stand: a process that needs ten of 100,000 does not
 * take all of them apart. Each has a check: a bit of a hash that flipped on the disk would be believed.
 */
export class HashLines {
  private constructor(private readonly bytes: Buffer) {}

  /** The lines of a file; what is torn or out of order is found again by whoever looks for it in vain. */
  static of(bytes: Buffer): HashLines {
    if (bytes.length % LINE_BYTES === 0) return new HashLines(bytes);
    const whole = linesIn(bytes).sort();
    return new HashLines(Buffer.from(whole.map((line) => `${line}\n`).join(''), 'latin1'));
  }

  /** The hash of a key; undefined where it is not there, or its line is damaged. */
  get(key: string): string | undefined {
    let [from, to] = [0, this.bytes.length / LINE_BYTES];
    while (from < to) {
      const middle = (from + to) >> 1;
      const start = middle * LINE_BYTES;
      const found = this.bytes.toString('latin1', start, start + KEY_LENGTH);
      if (found === key) return hashIn(this.bytes.toString('latin1', start, start + LINE_BYTES - 1));
      if (found < key) from = middle + 1;
      else to = middle;
    }
    return undefined;
  }

  /** The text of a file with these lines and those of new hashes, by their keys. */
  with(hashes: ReadonlyMap<string, string>): string {
    const kept = linesIn(this.bytes).filter((line) => !hashes.has(line.slice(0, KEY_LENGTH)));
    const lines = [...kept, ...[...hashes].map(([key, sha256]) => lineOf(key, sha256))];
    return lines
      .sort()
      .map((line) => `${line}\n`)
      .join('');
  }
}

/** All that have the form of one. */
function linesIn(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line.length === LINE_BYTES - 1);
}

function hashIn(line: string): string | undefined {
  if (!LINE.test(line)) return undefined;
  const sha256 = line.slice(KEY_LENGTH + 1, KEY_LENGTH + 65);
  return line === lineOf(line.slice(0, KEY_LENGTH), sha256) ? sha256 : undefined;
}

function lineOf(key: string, sha256: string): string {
  const text = `${key}\t${sha256}`;
  return `${text}\t${crc32(text).toString(16).padStart(8, '0')}`;
}
