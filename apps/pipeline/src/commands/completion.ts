import { Argument, type Command } from 'commander';
import { completionScript, SHELLS } from '../completion-script.js';

/** `flexattn completion bash|zsh|fish`: a script that lets the shell complete commands and flags. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that lets your shell complete commands and flags')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExample:\n  source <(flexattn completion bash)\n  flexattn completion fish | source\n',
    )
    .action((shell: (typeof SHELLS)[number]) => {
      process.stdout.write(completionScript(shell, program));
    });
}
