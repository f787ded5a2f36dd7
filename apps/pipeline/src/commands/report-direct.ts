import { basename, join, relative, resolve } from 'node:path';
import { resultLine } from '../events.js';
import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import type { Override } from '../read-config.js';
import { artifacts, openRun, workspaceOf } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { runStep } from '../stage.js';
import { report } from '../stages/report.js';
import type { DirectMode } from './direct-mode.js';

interface ReportFlags {
  compare?: string[];
  markdown?: boolean;
  open?: boolean;
  out?: string;
  config?: string;
  run?: string;
  set?: Override[];
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
}

const EXAMPLES = `
What there is of the scores, without another run of the stages:
  flexattn report --compare runs/tiny runs/tiny-2 --open
  flexattn report --markdown >> "$GITHUB_STEP_SUMMARY"
  flexattn report --open
`;

/** `flexattn report` beside the stage: two runs in one page, a summary for pull requests, the browser. */
export const reportDirect: DirectMode = {
  addOptions: (command: Command) => {
    command
      .option('--compare <runs...>', 'write a page about two runs: scores side by side, flipped answers')
      .option('--markdown', 'print the scores as Markdown, for a pull request or a job summary')
      .option('--open', 'show the page in the browser')
      .option('--out <path>', 'folder of the page of --compare, or file of --markdown')
      .addHelpText('after', EXAMPLES);
  },
  isAskedFor: ({ compare, markdown, open }) => [compare, markdown, open].some((flag) => flag !== undefined),
  run: async (given) => {
    const flags = given as ReportFlags;
    if (flags.markdown === true) return markdown(flags);
    const page = flags.compare === undefined ? await reportOf(flags) : await compare(flags, flags.compare);
    if (flags.open !== true || flags.dryRun === true) return;
    const { openFile } = await import('../report/node/open-file.js');
    await openFile(page);
  },
};

/** The run's page, made where it is not at hand. */
async function reportOf(flags: ReportFlags): Promise<string> {
  const context = await contextOf(flags);
  const page = join(artifacts(context, 'report'), 'index.html');
  if (flags.dryRun !== true) await runStep(context, report);
  print(flags, { page: relative(process.cwd(), page) }, `report: ${relative(process.cwd(), page)}\n`);
  return page;
}

async function compare(flags: ReportFlags, runs: readonly string[]): Promise<string> {
  const cwd = process.cwd();
  const [a, b, ...others] = runs.map((run) => resolve(cwd, run));
  if (a === undefined || b === undefined || others.length > 0) {
    throw new PipelineError('BAD_ARGUMENT', `expected two folders of runs, got ${runs.length}`, {
      hint: 'as in "flexattn report --compare runs/a runs/b"',
    });
  }
  const out = flags.out === undefined ? join(b, `compare-${basename(a)}`) : resolve(cwd, flags.out);
  const page = join(out, 'index.html');
  const place = { page: relative(cwd, page) };
  if (flags.dryRun === true) {
    print(flags, place, `would write ${place.page}\n`);
    return page;
  }
  const { writeComparison } = await import('../report/node/write-comparison.js');
  const written = await writeComparison({ runs: [a, b], root: workspaceOf(a, cwd), out });
  print(flags, { ...place, ...written }, `report: ${place.page}\n`);
  return page;
}

async function markdown(flags: ReportFlags): Promise<void> {
  const { evalResultsSchema } = await import('@flexattn/eval');
  const { readJsonAs, writeFileAtomic } = await import('@flexattn/stage');
  const { markdownSummary } = await import('../report/markdown.js');
  const context = await contextOf(flags);
  const results = await readJsonAs(join(artifacts(context, 'eval'), 'summary.json'), evalResultsSchema);
  const text = markdownSummary(context.run, results, context.config.models);
  if (flags.out === undefined) process.stdout.write(text);
  else if (flags.dryRun !== true) await writeFileAtomic(resolve(process.cwd(), flags.out), text);
}

function contextOf({ config, run, set, quiet }: ReportFlags) {
  return openRun({
    config: config ?? run ?? 'tiny',
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set,
    quiet: quiet ?? false,
  });
}

function print({ json }: ReportFlags, value: object, text: string): void {
  process.stdout.write(json === true ? resultLine(value) : text);
}
