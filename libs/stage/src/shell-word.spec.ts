import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellWord } from './shell-word.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'flexattn-word-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTILE = [
  'plain',
  '',
  "it's",
  '"; touch PWNED; "',
  '$(touch PWNED)',
  '`touch PWNED`',
  "'; touch PWNED; '",
  "a\r\nb\\'\n#SBATCH --wrap=x",
  '\\',
  '-n',
  '* ~ ! {a,b}',
  'ü 日',
];
describe('shellWord', () => {
  it.each(HOSTILE)('%j is one word of a shell', (word) => {
    const script = join(folder, 'word.sh');
    writeFileSync(script, `printf '%s' ${shellWord(word)}`);
    expect(execFileSync('bash', [script], { cwd: folder, encoding: 'utf8' })).toBe(word);
  });
});
