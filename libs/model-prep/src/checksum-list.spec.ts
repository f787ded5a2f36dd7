import { describe, expect, it } from 'vitest';
import { parseChecksums } from './checksum-list.js';

const HASH = 'ab'.repeat(32);

describe('parseChecksums', () => {
  it('reads what sha256sum writes', () => {
    const text = `${HASH}  config.json\n${HASH.toUpperCase()} *a b/model.safetensors\r\n\n\\${HASH}  a\\nb\\\\c\n`;
    expect(parseChecksums(text, 'SUMS')).toEqual([
      { sha256: HASH, path: 'config.json' },
      { sha256: HASH, path: 'a b/model.safetensors' },
      { sha256: HASH, path: 'a\nb\\c' },
    ]);
  });

  it.each([
    ['no name', HASH],
    ['a short hash', `${HASH.slice(1)}  a`],
    ['no hash', 'config.json'],
    ['one space', `${HASH} a`],
    ['the form of BSD', `SHA256 (a) = ${HASH}`],
  ])('refuses %s and says where', (_, line) => {
    expect(() => parseChecksums(`${HASH}  a\n${line}\n`, 'SUMS')).toThrow(/^SUMS\[line 2\]: .*BAD_CHECKSUMS/);
  });

  it('refuses a list of nothing', () => {
    expect(() => parseChecksums('\n\n', 'SUMS')).toThrow(/^SUMS: .*got none.*BAD_CHECKSUMS/);
  });
});
