import { join } from 'node:path';
import { evalResultsSchema } from '@flexattn/eval';
import { resultLine } from '../events.js';
import { readJsonAs, tellLine, writeFileAtomic } from '@flexattn/stage';
import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import { configOptions } from '../flags.js';
import type { Override } from '../read-config.js';
import { artifacts, openRun, shown, type RunContext, type RunOptions } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { requireInputs, runStep } from '../stage.js';
import { COMMANDS } from '../stages/index.js';
import { sweepPoints, type SweepPoint } from '../sweep-points.js';
import { ablationPoints, settingsByPath, sweepRows, type SweepRow } from '../sweep-rows.js';

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
    .option('--json', 'print events, and at last the scores of every point, as JSON lines')
    .option('--dry-run', 'list the points, and run none')
    .option('--quiet', 'no progress, no word of what is up to date')
    .addHelpText(
      'after',
      `
Example:
  flexattn sweep --config tiny-ablation

Writes index.html, sweep.json and sweep.svg (score against each swept setting) into runs/<config>/sweep/. One that was
stopped goes on with what is at hand.
`,
    );
  for (const option of configOptions()) command.addOption(option);
  command.action(runSweep);
}

async function runSweep(flags: SweepFlags): Promise<void> {
  const options: RunOptions = {
    config: flags.config ?? flags.run,
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set: flags.set,
    quiet: flags.quiet ?? false,
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
  const contexts: RunContext[] = [];
  // All of them before the first runs: a value that is refused is told now, not in hours.
  for (const point of points) contexts.push(await openPoint(options, point));
  if (flags.dryRun === true) {
    const told = points.map(({ name, set }) => ({
      run: `${base.run}.${name}`,
      set: settingsByPath(set),
    }));
    print(flags, resultLine({ points: told }, 'preview'), points.map(({ name }) => name).join('\n'));
    return;
  }
  const rows: SweepRow[] = [];
  for (const [index, context] of contexts.entries()) {
    const point = points[index];
    if (point === undefined) continue;
    if (!base.quiet) tellLine(`sweep: ${index + 1} of ${points.length}: ${point.name}`);
    rows.push(...(await runPoint(context, point)));
  }
  const page = await writeSweep(base, points, rows);
  print(flags, resultLine({ rows, page }), `sweep: ${page}`);
}

async function openPoint(options: RunOptions, { name, set }: SweepPoint): Promise<RunContext> {
  const context = await openRun({ ...options, set: [...(options.set ?? []), ...set] });
  return { ...context, run: `${context.run}.${name}` };
}

/** Everything up to the scores; the sweep has one page for all points instead of a report for each. */
async function runPoint(context: RunContext, point: SweepPoint): Promise<SweepRow[]> {
  const steps = COMMANDS.flatMap(({ name, steps }) => (['all', 'report'].includes(name) ? [] : steps));
  requireInputs(context, steps);
  for (const step of steps) await runStep(context, step);
  return sweepRows(
    point,
    await readJsonAs(join(artifacts(context, 'eval'), 'summary.json'), evalResultsSchema),
  );
}

/** Writes the page, the rows and the picture; gives the page's path. */
async function writeSweep(
  base: RunContext,
  points: readonly SweepPoint[],
  rows: readonly SweepRow[],
): Promise<string> {
  const { sweepPage, sweepPicture } = await import('../sweep-page.js');
  const folder = artifacts(base, 'sweep');
  const plots = ablationPoints(points, rows);
  const told = points.map(({ name, set }) => ({
    name,
    run: `${base.run}.${name}`,
    set: settingsByPath(set),
  }));
  await writeFileAtomic(
    join(folder, 'sweep.json'),
    `${JSON.stringify({ run: base.run, points: told, rows }, null, 2)}\n`,
  );
  await writeFileAtomic(join(folder, 'sweep.svg'), sweepPicture(plots));
  await writeFileAtomic(join(folder, 'index.html'), sweepPage({ run: base.run, points, rows, plots }));
  return shown(base, join(folder, 'index.html'));
}

function print({ json }: SweepFlags, line: string, text: string): void {
  process.stdout.write(json === true ? line : `${text}\n`);
}
