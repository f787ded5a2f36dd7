import type { Command } from 'commander';

/** Shells that `flexattn completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What may follow a chain of commands: the commands below it and its flags. */
interface Words {
  /** `config show`; empty for the program itself. */
  chain: string;
  words: string[];
}

/** A script that completes commands and flags; files are completed where neither fits. */
export function completionScript(shell: (typeof SHELLS)[number], program: Command): string {
  const all = wordsOf(program, []);
  if (shell === 'fish') return fishScript(program.name(), all);
  const cases = all.map(({ chain, words }) => `    '${chain}') words='${words.join(' ')}' ;;`).join('\n');
  const zsh = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${zsh}_${program.name()}() {
  local chain='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    chain="\${chain:+$chain }$word"
  done
  case "$chain" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${program.name()} ${program.name()}
`;
}

function wordsOf(command: Command, chain: readonly string[]): Words[] {
  const commands = command.commands.map((one) => one.name());
  const flags = command.options.filter(({ hidden }) => !hidden).map(({ long, short }) => long ?? short ?? '');
  const own = { chain: chain.join(' '), words: [...commands, ...flags, '--help'] };
  return [own, ...command.commands.flatMap((one) => wordsOf(one, [...chain, one.name()]))];
}

/** `__fish_seen_subcommand_from a b` holds after either, so that each command of the chain is asked for alone. */
function fishCondition(chain: string): string {
  if (chain === '') return '__fish_use_subcommand';
  return chain
    .split(' ')
    .map((command) => `__fish_seen_subcommand_from ${command}`)
    .join('; and ');
}

function fishScript(name: string, all: readonly Words[]): string {
  const lines = all.flatMap(({ chain, words }) => {
    const condition = fishCondition(chain);
    return words.map((word) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c ${name} -n '${condition}' ${what}`;
    });
  });
  return `${lines.join('\n')}\n`;
}
