import type { Command } from 'commander';
import { configOptions } from '../flags.js';
import { openRun } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { trainingPython } from '../stages/train.js';

/** `flexattn python-env`: the virtual environment that `train` uses, made the first time. */
export function addPythonCommand(program: Command): void {
  const command = program
    .command('python-env')
    .description(
      'makes the Python environment of the trainer, or checks the interpreter that the configuration names',
    )
    .option('--json', 'print interpreter and versions as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn python-env\n  FLEXATTN_PYTHON=/opt/torch/bin/python flexattn python-env\n',
    );
  for (const option of configOptions()) command.addOption(option);
  command.action(async (flags: { config?: string; run: string; json?: boolean }) => {
    const context = await openRun({
      config: flags.config ?? flags.run,
      cwd: process.cwd(),
      signal: abortOnSignals(),
      python: process.env['FLEXATTN_PYTHON'],
    });
    const { python, versions } = await trainingPython(context);
    const text = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    process.stdout.write(
      flags.json === true ? `${JSON.stringify({ python, versions })}\n` : `${text.join(', ')}\n`,
    );
  });
}
