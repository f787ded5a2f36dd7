import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import { configOptions } from '../flags.js';
import type { Override } from '../read-config.js';
import { openRun, type RunOptions } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { requireInputs, runStep } from '../stage.js';
import { COMMANDS } from '../stages/index.js';
import { sweepPoints } from '../sweep-points.js';

interface SweepFlags {
  config?: string;
  run: string;
  set?: Override[];
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
}

/** `flexattn sweep`: every point of a configuration's grids through the same cached stages. */
export function addSweepCommand(program: Command): void {
  const command = program
    .command('sweep')
    .description('runs the chain for every combination of the lists in `sweep`; what they share is done once')
    .option('--json', 'print the points and their results as JSON')
    .option('--dry-run', 'list the points, and run none')
    .option('--quiet', 'no progress, no word of what is up to date')
    .addHelpText('after', '\nExample:\n  flexattn sweep --config tiny-ablation\n');
  for (const option of configOptions()) command.addOption(option);
  command.action(runSweep);
}

async function runSweep(flags: SweepFlags): Promise<void> {
  const options: RunOptions = {
    config: flags.config ?? flags.run,
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set: flags.set,
    quiet: flags.quiet ?? flags.json ?? false,
    python: process.env['FLEXATTN_PYTHON'],
    judgeKey: process.env['FLEXATTN_JUDGE_KEY'],
  };
  const base = await openRun(options);
  const points = sweepPoints(base.config.sweep);
  if (points.length === 0)
    throw new PipelineError('BAD_CONFIG', 'expected lists of values in `sweep`, got none', {
      file: options.config,
      hint: 'such as "sweep": {"models.2.threshold": [16, 48, 96]}',
    });
  const results: object[] = [];
  for (const [index, { name, set }] of points.entries()) {
    const run = `${base.run}.${name}`;
    const context = { ...(await openRun({ ...options, set: [...(flags.set ?? []), ...set] })), run };
    if (flags.dryRun !== true) {
      if (!base.quiet) process.stderr.write(`sweep: ${index + 1} of ${points.length}: ${name}\n`);
      const steps = COMMANDS.find((one) => one.name === 'all')?.steps ?? [];
      requireInputs(context, steps);
      for (const step of steps) await runStep(context, step);
    }
    results.push({ run, set: Object.fromEntries(set.map(({ path, value }) => [path.join('.'), value])) });
  }
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(results, null, 2)}\n`
      : `${points.map(({ name }) => name).join('\n')}\n`,
  );
}
