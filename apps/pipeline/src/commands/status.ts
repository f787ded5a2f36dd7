import type { Command } from 'commander';
import { byteSize } from '../byte-size.js';
import { configOptions } from '../flags.js';
import type { Override } from '../read-config.js';
import { openRun } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { runStatus, type StepStatus } from '../stage-status.js';
import { COMMANDS } from '../stages/index.js';

interface StatusFlags {
  config?: string;
  run: string;
  set?: Override[];
  json?: boolean;
}

/** `flexattn status`: what of a run is at hand, and why the rest is not. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description(
      'tell of every stage whether its result is fresh, stale (because of what), damaged or missing',
    )
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  flexattn status --config tiny\n');
  for (const option of configOptions()) command.addOption(option);
  command.action(async ({ config, run, set, json = false }: StatusFlags) => {
    const context = await openRun({
      config: config ?? run,
      cwd: process.cwd(),
      signal: abortOnSignals(),
      set,
      quiet: true,
      python: process.env['FLEXATTN_PYTHON'],
    });
    const steps = COMMANDS.find(({ name }) => name === 'all')?.steps ?? [];
    const statuses = await runStatus(context, steps);
    await context.fingerprints.save();
    process.stdout.write(json ? `${JSON.stringify(statuses, null, 2)}\n` : statuses.map(line).join(''));
  });
}

function line({ stage, state, because, bytes, at, seconds }: StepStatus): string {
  const facts = [
    bytes === undefined ? '' : byteSize(bytes),
    at === undefined ? '' : at.slice(0, 16).replace('T', ' '),
    seconds === undefined ? '' : `${seconds} s`,
    because.join(', '),
  ];
  return `${[stage.padEnd(8), state.padEnd(8), ...facts.filter((fact) => fact !== '')].join('  ').trimEnd()}\n`;
}
