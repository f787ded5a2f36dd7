import { existsSync } from 'node:fs';
import { resultLine } from '../events.js';
import { join } from 'node:path';
import { isIntact } from '@flexattn/stage';
import type { Command } from 'commander';
import { configOptions } from '../flags.js';
import { endWithNx } from '../nx-parent.js';
import type { Override } from '../read-config.js';
import { artifacts, openRun, type RunContext } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { arrayOf, type ArrayFlags } from '../slurm/array-flags.js';
import { previewStep, requireInputs, runStep, type DryRun, type Stage } from '../stage.js';
import { COMMANDS, type StageCommand } from '../stages/index.js';
import { summaryText } from '../summary-text.js';
import { DIRECT_MODES } from './direct.js';

interface StageFlags extends ArrayFlags {
  config?: string;
  run: string;
  set?: Override[];
  json?: boolean;
  dryRun?: boolean;
  printCommand?: boolean;
  quiet?: boolean;
}

/** `clean init train compile infer eval report`, and `all` of them in order. */
export function addStageCommands(program: Command): void {
  for (const stageCommand of COMMANDS) {
    const { name, description } = stageCommand;
    const command = program
      .command(name)
      .description(description)
      .option('--json', 'print events and results as JSON, one a line')
      .option('--dry-run', 'say what would be read and written, and write nothing')
      .option('--quiet', 'no progress, no word of what is up to date')
      .addHelpText(
        'after',
        `\nExample:\n  flexattn ${name} --config tiny\n  flexattn ${name} --config tiny --dry-run\n`,
      );
    for (const option of configOptions()) command.addOption(option);
    if (stageCommand.name !== 'all' && stageCommand.steps.some(startsPrograms))
      command.option('--print-command', 'print what would be started, for a shell, and start nothing');
    const direct = DIRECT_MODES[name];
    direct?.addOptions(command);
    command.action(async (flags: StageFlags) =>
      direct?.isAskedFor({ ...flags }) === true ? direct.run({ ...flags }) : runSteps(stageCommand, flags),
    );
  }
}

const startsPrograms = (stage: Stage) => stage.commandLines !== undefined;

async function runSteps({ name, steps, shows }: StageCommand, flags: StageFlags): Promise<void> {
  endWithNx(name);
  const { json = false, dryRun = false, printCommand = false, quiet = false } = flags;
  const context = await openRun({
    config: flags.config ?? flags.run,
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set: flags.set,
    quiet,
    python: process.env['FLEXATTN_PYTHON'],
    judgeKey: process.env['FLEXATTN_JUDGE_KEY'],
    array: arrayOf(flags),
  });
  if (printCommand) {
    for (const step of steps) {
      const lines = await step.commandLines?.(context);
      if (lines !== undefined) process.stdout.write(`${lines}\n`);
    }
    return;
  }
  if (dryRun) return previewSteps(context, steps, json);
  requireInputs(context, steps);
  const results: string[] = [];
  const texts: string[] = [];
  for (const step of await damagedBefore(context, steps)) await runStep(context, step);
  const seen = new Map<string, string>();
  for (const step of steps) {
    const result = await runStep(context, step, seen);
    results.push(resultLine(result));
    if (shows.includes(step))
      texts.push(step.show?.(result.summary, result.folder) ?? summaryText(result.summary));
  }
  print(results, texts, json);
}

/**
 * Steps before these whose receipt is there and whose artifacts are not: a cache that keeps receipts put them back. They
 * come out of the store or are made again; a step that has no receipt was never asked for.
 */
async function damagedBefore(context: RunContext, steps: readonly Stage[]): Promise<Stage[]> {
  const all = COMMANDS.find(({ name }) => name === 'all')?.steps ?? [];
  const wanted = [...steps];
  const damaged: Stage[] = [];
  for (const step of [...all].reverse()) {
    if (wanted.includes(step) || !wanted.some(({ after }) => after.includes(step.name))) continue;
    const folder = artifacts(context, step.name);
    if (!existsSync(join(folder, 'receipt.json')) || (await isIntact(folder, context.fingerprints))) continue;
    wanted.push(step);
    damaged.unshift(step);
  }
  return damaged;
}

/** Tells all that can be told, and then throws what the first step that would not start is refused for. */
async function previewSteps(context: RunContext, steps: readonly Stage[], json: boolean): Promise<void> {
  const previews: DryRun[] = [];
  for (const step of steps) previews.push(await previewStep(context, step));
  const texts = previews.map(({ text }) => `${text}\n`);
  print(
    previews.map(({ told }) => resultLine(told, 'preview')),
    texts,
    json,
  );
  for (const { refusal } of previews) if (refusal !== undefined) throw refusal;
}

function print(lines: readonly string[], texts: readonly string[], json: boolean): void {
  process.stdout.write(json ? lines.join('') : `${texts.join('\n')}\n`);
}
