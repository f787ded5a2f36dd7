import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellLine } from './shell-line.js';

/** Says what it was started with. */
const TELL = 'console.log(JSON.stringify([process.argv.slice(1), process.env.GIVEN]))';

describe('shellLine', () => {
  it.each([
    ['words'],
    ['two words', ''],
    [`a 'quoted' "word" \\ $HOME \`id\` $(id) !x * ? ~ # ; & | < > ( ) { } [ ]`],
    ['{"a": "b\'s"}', 'line\nend', '-', '--', 'a=b', 'ü €'],
  ])('starts the same program in bash: %s', (...words) => {
    const given = words.join('');
    const line = shellLine({
      program: process.execPath,
      args: ['-e', TELL, '--', ...words],
      env: { GIVEN: given },
    });
    const said = execFileSync('bash', ['-c', line], { encoding: 'utf8' });
    expect(JSON.parse(said)).toEqual([words, given]);
  });

  it('leaves plain words as they are, and leaves out that standard input is watched', () => {
    expect(shellLine({ program: 'python3', args: ['-m', 'a.b', '--watch-stdin'], env: { N: '2' } })).toBe(
      'N=2 python3 -m a.b',
    );
  });

  it('gives sbatch its script', () => {
    const plan = {
      program: 'sbatch',
      args: ['--parsable', 'train.sbatch'],
      env: {},
      script: '#!/bin/sh\nrun\n',
    };
    expect(shellLine(plan)).toBe("sbatch --parsable <<'SBATCH'\n#!/bin/sh\nrun\nSBATCH");
  });
});
