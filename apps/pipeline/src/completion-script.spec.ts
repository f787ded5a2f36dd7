import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createProgram } from './command.js';
import { completionScript } from './completion-script.js';

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript('bash', createProgram('0'))}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _flexattn; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script, 'bash', 'flexattn', ...words], { encoding: 'utf8' })
    .trim()
    .split('\n');
}

describe('the script for bash', () => {
  it.each([
    [['com'], ['compile', 'compare', 'completion']],
    [
      ['config', ''],
      ['show', 'check', 'schema', 'new', '--help'],
    ],
    [['config', 'show', '--s'], ['--set']],
    [['gc', '--keep'], ['--keep-days']],
    [['gc', '--delete', '--j'], ['--json']],
    [['nonsense', ''], ['']],
  ])('offers after %j: %j', (words, expected) => {
    expect(offered(...words).sort()).toEqual([...expected].sort());
  });

  it('leaves flags out that are for Nx alone', () => {
    expect(offered('all', '--')).not.toContain('--run');
  });
});

describe('the scripts for others', () => {
  it('are for zsh the same through its own bash completion', () => {
    expect(completionScript('zsh', createProgram('0'))).toMatch(/^autoload.*bashcompinit\n_flexattn\(\)/);
  });

  it('name for fish every command with its flags', () => {
    const script = completionScript('fish', createProgram('0'));
    expect(script).toContain("complete -c flexattn -n '__fish_use_subcommand' -a config\n");
    expect(script).toContain("complete -c flexattn -n '__fish_seen_subcommand_from gc' -l keep-days\n");
    expect(script).toContain(
      "complete -c flexattn -n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from new' -l from\n",
    );
  });
});
