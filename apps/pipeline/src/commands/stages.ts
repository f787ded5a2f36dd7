import type { Command } from 'commander';
import { configOptions } from '../flags.js';
import type { Override } from '../read-config.js';
import { openRun } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { previewStep, requireInputs, runStep } from '../stage.js';
import { COMMANDS, type StageCommand } from '../stages/index.js';
import { summaryText } from '../summary-text.js';
import { DIRECT_MODES } from './direct.js';

interface StageFlags {
  config?: string;
  run: string;
  set?: Override[];
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
}

/** `clean init train compile infer eval report`, and `all` of them in order. */
export function addStageCommands(program: Command): void {
  for (const stageCommand of COMMANDS) {
    const { name, description } = stageCommand;
    const command = program
      .command(name)
      .description(description)
      .option('--json', 'print the result as JSON')
      .option('--dry-run', 'say what would be read and written, and write nothing')
      .option('--quiet', 'no progress, no word of what is up to date')
      .addHelpText(
        'after',
        `\nExample:\n  flexattn ${name} --config tiny\n  flexattn ${name} --config tiny --dry-run\n`,
      );
    for (const option of configOptions()) command.addOption(option);
    const direct = DIRECT_MODES[name];
    direct?.addOptions(command);
    command.action(async (flags: StageFlags) =>
      direct?.isAskedFor({ ...flags }) === true ? direct.run({ ...flags }) : runSteps(stageCommand, flags),
    );
  }
}

async function runSteps({ steps, shows }: StageCommand, flags: StageFlags): Promise<void> {
  const { json = false, dryRun = false, quiet = json } = flags;
  const context = await openRun({
    config: flags.config ?? flags.run,
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set: flags.set,
    quiet,
    python: process.env['FLEXATTN_PYTHON'],
    judgeKey: process.env['FLEXATTN_JUDGE_KEY'],
  });
  if (!dryRun) requireInputs(context, steps);
  const results: object[] = [];
  const texts: string[] = [];
  for (const step of steps) {
    const result = dryRun ? await previewStep(context, step) : await runStep(context, step);
    results.push(result);
    if ('summary' in result && shows.includes(step)) {
      texts.push(step.show?.(result.summary, result.folder) ?? summaryText(result.summary));
    } else if (dryRun) {
      texts.push(`${summaryText(result)}\n`);
    }
  }
  const shown = json
    ? JSON.stringify(results.length === 1 ? results[0] : results, null, 2)
    : texts.join('\n');
  process.stdout.write(`${shown}\n`);
}
