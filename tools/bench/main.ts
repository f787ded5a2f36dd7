import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { FlexattnError, pathExists, runProgram, StageError, writeFileAtomic } from '@flexattn/stage';
import { BenchmarkFailure, runBenchmark } from './benchmark-process.js';
import { BENCHMARKS } from './benchmarks.js';
import { benchmarksPage } from './benchmarks-page.js';
import { compareRevisions, comparisonText } from './compare.js';
import { machineFacts } from './machine.js';
import { alignedTable, RESULT_COLUMNS, resultCells } from './result-table.js';
import { drawScaling } from './scaling.js';

const USAGE = `npm run bench                              every benchmark against its baseline; writes docs/benchmarks.md
npm run bench -- NAME [what it takes]      one of ${Object.keys(BENCHMARKS).join(', ')}
npm run bench -- scaling                   time against size; writes docs/scaling.md and its drawings
npm run bench -- --compare REF [NAME...]   this tree against another revision; exit code 1 where it is slower

--quick          small sizes, few repetitions
--json           the results as JSON on standard output, and nothing else
--out FILE       the page (default docs/benchmarks.md; none with --quick or --json)
--rounds N       of --compare: how often each revision runs (default 5)`;

const ROOT = process.cwd();

/** Exit code 2 with what is wrong with the command line. */
class UsageError extends Error {}

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  compare: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  help: { type: 'boolean', default: false },
} as const;

async function main(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const [first = '', ...rest] = argv;
  if (BENCHMARKS[first] !== undefined && !argv.includes('--compare')) return benchOne(first, rest, signal);
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  if (values.compare === undefined && positionals.join() === 'scaling')
    return drawScaling(ROOT, values, signal);
  const names = positionals.map(knownName);
  if (values.compare === undefined) {
    if (names.length > 0) throw new UsageError(`expected one name and what it takes, got ${names.join(' ')}`);
    return benchAll(values, signal);
  }
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 2)
    throw new UsageError(`--rounds: expected a whole number of at least 2, got "${values.rounds}"`);
  await compareWith(values.compare, names, { rounds, json: values.json, signal });
}

/** Small sizes: both revisions run every benchmark several times. */
async function compareWith(
  ref: string,
  names: readonly string[],
  { rounds, json, signal }: { rounds: number; json: boolean; signal: AbortSignal },
): Promise<void> {
  const chosen = Object.entries(BENCHMARKS).flatMap(([name, { whole, quick = whole }]) =>
    (names.length === 0 ? whole !== undefined : names.includes(name)) ? [{ name, args: quick ?? [] }] : [],
  );
  const works = await compareRevisions({
    ...{ root: ROOT, ref, benchmarks: chosen, rounds, signal, build },
    tell: (what) => process.stderr.write(`${what}\n`),
  });
  process.stdout.write(`${json ? JSON.stringify(works, null, 2) : comparisonText(ref, works)}\n`);
  if (works.some(({ isSignificant }) => isSignificant)) process.exitCode = 1;
}

/** By the compiler that the checkout locks. */
async function build(checkout: string, signal: AbortSignal): Promise<void> {
  const compiler = join(checkout, 'node_modules/typescript/bin/tsc');
  for (const project of ['.', 'tools'])
    await runProgram(process.execPath, [compiler, '-b', project], { cwd: checkout, signal });
}

function knownName(name: string): string {
  if (BENCHMARKS[name] !== undefined) return name;
  throw new UsageError(`expected one of ${Object.keys(BENCHMARKS).join(', ')}, scaling, got "${name}"`);
}

/** One benchmark, in its own words; with `--json` its results alone. */
async function benchOne(name: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const quick = BENCHMARKS[name]?.quick ?? [];
  const own = args.flatMap((arg) => (arg === '--json' ? [] : arg === '--quick' ? quick : [arg]));
  const json = args.includes('--json');
  const results = await runBenchmark({ root: ROOT, name, args: own, quiet: json, signal });
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
}

async function benchAll(
  { quick, json, out }: { quick: boolean; json: boolean; out?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const rooms = [];
  for (const [name, { whole, quick: little }] of Object.entries(BENCHMARKS)) {
    if (whole === undefined) continue;
    const args = quick ? (little ?? whole) : whole;
    if (!json) process.stdout.write(`\n${[name, ...args].join(' ')}\n`);
    rooms.push({ name, args, results: await runBenchmark({ root: ROOT, name, args, quiet: json, signal }) });
  }
  if (json) process.stdout.write(`${JSON.stringify(rooms, null, 2)}\n`);
  else {
    const rows = rooms.flatMap(({ results }) => results.map(resultCells));
    process.stdout.write(`\n${alignedTable(RESULT_COLUMNS, rows)}\n`);
  }
  const file = out ?? (quick || json ? undefined : 'docs/benchmarks.md');
  if (file === undefined) return;
  const minutes = (performance.now() - began) / 60_000;
  const page = await benchmarksPage({ rooms, quick, minutes, ...(await machineFacts()) }, ROOT);
  await writeFileAtomic(isAbsolute(file) ? file : join(ROOT, file), page);
  if (!json) process.stdout.write(`written: ${file}\n`);
}

/** Children are stopped and what was set up is taken down by whoever holds the signal; a second Ctrl-C ends at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new StageError('INTERRUPTED', `stopped by ${name}`, { exitCode }));
    });
  return controller.signal;
}

try {
  // The environment that the first training makes, where nothing else is named: one Python for all baselines.
  const own = join(ROOT, '.flexattn/python/bin/python');
  if (process.env['FLEXATTN_PYTHON'] === undefined && (await pathExists(own)))
    process.env['FLEXATTN_PYTHON'] = own;
  await main(process.argv.slice(2), abortOnSignals());
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  if (isUsage) console.error(`error: ${error.message}\n\n${USAGE}`);
  else if (error instanceof FlexattnError) console.error(`error: ${error.message}`);
  else if (error instanceof BenchmarkFailure) console.error(error.message);
  else throw error;
  process.exitCode = isUsage || !('exitCode' in error) ? 2 : Number(error.exitCode);
}
