import { basename, extname, join, resolve } from 'node:path';
import { resultLine } from '../events.js';
import {
  benchmarks,
  chooseBenchmarks,
  describeBenchmark,
  formatBenchmarkList,
  formatScoreTable,
  namedMetrics,
  scoreAnswers,
  writeItems,
  type Benchmark,
  type BenchmarkSetting,
  type JudgeOptions,
  type MetricName,
} from '@flexattn/eval';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { PipelineError } from '../errors.js';
import { wholeNumber } from '../flags.js';
import { openJudge, type JudgeSettings } from '../open-judge.js';
import { workspaceOf } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { summaryText } from '../summary-text.js';
import type { DirectMode } from './direct-mode.js';

type EvalFlags = {
  list?: boolean;
  describe?: string;
  benchmark?: string;
  data?: string;
  protocol?: string;
  metric?: MetricName;
  shuffleSeed?: number;
  items?: string;
  answers: Record<string, string[]>;
  judge?: string;
  judgeModel?: string;
  seed?: number;
  out?: string;
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
};

const EXAMPLES = `
Benchmarks without a configuration: what there is, what to ask, what answers score.
  flexattn eval --list
  flexattn eval --describe vstar
  flexattn eval --benchmark vstar --data tools/tiny/world/benchmarks/vstar --out runs/my-items
  flexattn eval --benchmark ./my.jsonl --metric exact --items runs/my-items/items.jsonl --answers mine=answers.jsonl --out runs/my-scores
  FLEXATTN_JUDGE_KEY=... flexattn eval --benchmark magnifier --data magnifier --protocol freeform \\
    --items runs/my-items/items.jsonl --answers mine=0.jsonl --answers mine=1.jsonl --out runs/my-scores \\
    --judge https://api.example.com/v1 --judge-model a-model
`;

/** Flags that a configuration has no use for; `--answers` has a default. */
const OWN_FLAGS = [
  'list',
  'describe',
  'benchmark',
  'data',
  'protocol',
  'metric',
  'shuffleSeed',
  'items',
  'judge',
  'judgeModel',
  'seed',
  'out',
];

/** `flexattn eval` on paths: lists and describes benchmarks, writes the items of one, scores answers to them. */
export const evalDirect: DirectMode = {
  addOptions: (command) => {
    addBenchmarkOptions(command);
    command
      .option('--items <file>', 'the items.jsonl that was answered')
      .option(
        '--answers <model=file>',
        'answers of a model; may be repeated, for its shards too',
        modelFile,
        {},
      )
      .option(
        '--judge <url|file>',
        'says whether free answers are right: an OpenAI-compatible endpoint (key: FLEXATTN_JUDGE_KEY), or a module (.mjs)',
      )
      .option('--judge-model <name>', "the endpoint's model")
      .option('--seed <n>', 'of the bootstrap; default 0', wholeNumber)
      .option('--out <folder>', 'where the items, or the scores, are written')
      .addHelpText('after', EXAMPLES);
  },
  isAskedFor: (flags) => OWN_FLAGS.some((name) => flags[name] !== undefined),
  run: async (given) => {
    const flags = given as EvalFlags;
    if (flags.list === true) {
      const all = [...benchmarks.values()];
      return print(flags, all.map(describeBenchmark), () => formatBenchmarkList(all));
    }
    if (flags.describe !== undefined) {
      const benchmark = await described(flags, flags.describe);
      return print(flags, benchmark === undefined ? {} : describeBenchmark(benchmark));
    }
    if (flags.benchmark === undefined) throw lacking('--benchmark, a name or a file');
    return runBenchmark(flags, flags.benchmark);
  },
};

function addBenchmarkOptions(command: Command): void {
  command
    .option('--list', 'name every benchmark')
    .option('--describe <benchmark>', 'say what a benchmark needs, asks and measures')
    .option('--benchmark <name|file>', 'a name, a module of your own (.mjs) or a JSON lines file (.jsonl)')
    .option('--data <folder>', "the benchmark's folder")
    .option('--protocol <name>', "how it is asked; default: the benchmark's first")
    .addOption(
      new Option('--metric <name>', 'how answers to a JSON lines file are scored').choices(
        Object.keys(namedMetrics),
      ),
    )
    .option('--shuffle-seed <n>', 'decides the order of lettered options; default 0', wholeNumber);
}

/** Writes the items of a benchmark, or scores answers to them. */
async function runBenchmark(flags: EvalFlags, name: string): Promise<void> {
  const { out, items, answers, dryRun = false, quiet = false } = flags;
  if (out === undefined && !dryRun) throw lacking('--out, the folder to write to');
  const root = process.cwd();
  const settings = {
    ...settingsOf(flags, name),
    root,
    quiet,
    dryRun,
    signal: abortOnSignals(),
    out: resolve(out ?? '.'),
  };
  if (Object.keys(answers).length === 0) {
    const report = await writeItems(settings);
    return print(flags, dryRun ? report : { ...report, written: join(out ?? '', 'items.jsonl') });
  }
  if (items === undefined) throw lacking('--items, the items.jsonl that was answered');
  const { seed } = flags;
  const judge = dryRun ? undefined : await judgeOf(flags);
  const results = await scoreAnswers({ ...settings, items, answers, judge, seed });
  print(flags, results, () => formatScoreTable(results));
}

/** The judge that the flags name; a dry run asks none. */
async function judgeOf({ judge, judgeModel }: EvalFlags): Promise<JudgeOptions | undefined> {
  const cwd = process.cwd();
  return openJudge(judgeSettings(judge, judgeModel, cwd), {
    workspace: workspaceOf(cwd, cwd),
    key: process.env['FLEXATTN_JUDGE_KEY'] || undefined,
  });
}

function judgeSettings(judge: string | undefined, model: string | undefined, cwd: string): JudgeSettings {
  if (judge === undefined) {
    if (model !== undefined) throw lacking("--judge, the address of the model's endpoint");
    return 'none';
  }
  if (['.js', '.mjs'].includes(extname(judge))) return { module: resolve(cwd, judge) };
  if (model === undefined) throw lacking("--judge-model, the endpoint's model");
  return { baseUrl: judge, model };
}

/** The benchmark that `--describe` names; it needs no data. */
async function described(flags: EvalFlags, name: string): Promise<Benchmark | undefined> {
  const { benchmarks: settings } = settingsOf({ ...flags, data: flags.data ?? '.' }, name);
  const [chosen] = await chooseBenchmarks({ benchmarks: settings, root: process.cwd() });
  return chosen?.benchmark;
}

/** One benchmark of the registry, of a module or of a JSON lines file. */
function settingsOf(flags: EvalFlags, given: string): { benchmarks: Record<string, BenchmarkSetting> } {
  const { data, protocol, shuffleSeed, metric } = flags;
  const suffix = extname(given);
  const own = ['.js', '.mjs', '.jsonl'].includes(suffix);
  const name = own ? basename(given, suffix) : given;
  const how = { protocol, shuffleSeed };
  if (suffix === '.jsonl') {
    if (metric === undefined) throw lacking('--metric, how answers to the file are scored');
    return { benchmarks: { [name]: { ...how, path: given, metric } } };
  }
  if (data === undefined) throw lacking("--data, the benchmark's folder");
  return { benchmarks: { [name]: { ...how, path: data, ...(own ? { module: given } : {}) } } };
}

function lacking(what: string): PipelineError {
  return new PipelineError('BAD_ARGUMENT', `expected ${what}, got none`, {
    hint: 'see "flexattn eval --help"',
  });
}

/** MODEL=FILE; collects repetitions, several files of a model too. */
function modelFile(text: string, before: Record<string, string[]>): Record<string, string[]> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError('expected MODEL=FILE, as mine=answers.jsonl.');
  const model = text.slice(0, at);
  return { ...before, [model]: [...(before[model] ?? []), text.slice(at + 1)] };
}

function print(
  { json, dryRun }: EvalFlags,
  value: object,
  text: () => string = () => `${summaryText(value)}\n`,
): void {
  process.stdout.write(json === true ? lineOf(value, dryRun) : text());
}

/** A list (of benchmarks) is JSON of its own; all else is an event. */
function lineOf(value: object, dryRun = false): string {
  return Array.isArray(value)
    ? `${JSON.stringify(value)}\n`
    : resultLine(value, dryRun ? 'preview' : 'result');
}
