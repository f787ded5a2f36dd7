import { Option, type Command } from 'commander';
import { resultLine } from '../events.js';
import { parseShard, rankOf, type Rank } from '@flexattn/stage';
import type { CleanOptions, CleanReport } from '@flexattn/data-prep';
import { PipelineError } from '../errors.js';
import { positiveInteger, wholeNumber } from '../flags.js';
import { abortOnSignals } from '../signals.js';
import { arrayAskedFor, arrayOf, arrayOptions, type ArrayFlags } from '../slurm/array-flags.js';
import { cleanArrayLine, cleanInTasks, type CleanTasks } from '../slurm/clean-tasks.js';
import type { DirectMode } from './direct-mode.js';

interface CleanFlags extends ArrayFlags {
  annotations?: string[];
  images?: string;
  merge?: string[];
  out?: string;
  verify?: CleanOptions['verify'];
  textOnly?: CleanOptions['textOnly'];
  shuffle?: number;
  dedupe?: CleanOptions['dedupe'];
  limit?: number;
  shard?: Rank;
  format?: CleanOptions['format'];
  journal?: string;
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
  printCommand?: boolean;
}

const EXAMPLES = `
On any annotation file, without a configuration:
  flexattn clean --annotations mix.json --images images --out clean
  flexattn clean --annotations a.json=images/a b.jsonl.gz=images/b --out clean --verify decode --shuffle 1
  flexattn clean --annotations - --images images --out - < mix.jsonl > clean.jsonl
  flexattn clean --annotations mix.json --images images --out part-0 --shard 0/2
  srun -n 2 sh -c 'flexattn clean --annotations mix.json --images images --out part-$SLURM_PROCID'
  flexattn clean --merge part-0 part-1 --out clean
In tasks of a Slurm cluster, merged at the end:
  flexattn clean --annotations mix.json --images images --out clean --launcher slurm --tasks 8 --slurm-arg=--time=30
`;

/** `flexattn clean` on files that options name. */
export const cleanDirect: DirectMode = {
  addOptions(command: Command): void {
    command
      .option(
        '--annotations <files...>',
        'JSON or JSON lines, plain or gzip, "-" for standard input; FILE=ROOT',
      )
      .option('--images <dir>', 'the folder that the image names start from')
      .option('--merge <dirs...>', 'merge the outputs of all shards')
      .option('--out <dir>', 'the folder for the results, "-" for JSON lines on standard output')
      .addOption(
        choice('--verify <level>', 'how closely images are looked at', ['exists', 'header', 'decode']),
      )
      .addOption(choice('--text-only <how>', 'samples without an image', ['placeholder', 'keep', 'drop']))
      .option('--shuffle <seed>', 'shuffle the samples, the same way on every machine', wholeNumber)
      .addOption(choice('--dedupe <by>', 'drop samples that are there already', ['id', 'content']))
      .option('--limit <n>', 'keep at most so many samples', positiveInteger)
      .option(
        '--shard <i/n>',
        'clean part i of n, from 0; default: the rank that the launcher gives, if there are several',
        parseShard,
      )
      .addOption(choice('--format <format>', 'an array, or a sample a line', ['json', 'jsonl']))
      .option('--journal <file>', 'remembers which pictures were decoded (OUT.images.journal)')
      .addHelpText('after', EXAMPLES);
    for (const option of arrayOptions()) command.addOption(option);
  },
  isAskedFor: ({ annotations, merge }) => annotations !== undefined || merge !== undefined,
  async run(flags: CleanFlags): Promise<void> {
    const { json = false, out } = flags;
    const array = arrayOf(flags);
    if (flags.printCommand === true || (array !== undefined && flags.dryRun === true)) {
      const lines = cleanArrayLine(tasksOf(flags), arrayAskedFor({ array }));
      process.stdout.write(json ? resultLine({ array: lines }, 'preview') : `${lines}\n`);
      return;
    }
    const { formatCleanReport } = await import('@flexattn/data-prep');
    const report = await cleanOrMerge(flags);
    const event = flags.dryRun === true ? 'preview' : 'result';
    const text = json ? resultLine(report, event) : `${formatCleanReport(report)}\n`;
    (out === '-' ? process.stderr : process.stdout).write(text);
  },
};

async function cleanOrMerge(flags: CleanFlags): Promise<CleanReport> {
  const { annotations, merge, quiet = false, ...options } = flags;
  const { cleanDataset, mergeShards } = await import('@flexattn/data-prep');
  const signal = abortOnSignals();
  if (merge !== undefined) {
    const others = Object.keys(flags).filter((name) => !MERGE_FLAGS.has(name));
    if (others.length > 0)
      throw badFlags(`--merge takes its settings from the shards: leave out ${others.join(', ')}`);
    const { dryRun } = options;
    return mergeShards({ shards: merge, out: outOf(flags), dryRun, quiet, signal });
  }
  const array = arrayOf(flags);
  if (array !== undefined) return cleanInTasks(tasksOf(flags), array, { signal, quiet });
  const { images, verify, textOnly, shuffle, dedupe, limit, format, journal, dryRun } = options;
  return cleanDataset({
    annotations: (annotations ?? []).map(sourceOf),
    out: outOf(flags),
    shard: shardOf(flags),
    ...{ images, verify, textOnly, shuffle, dedupe, limit, format, journal, dryRun, quiet, signal },
  });
}

/** What the tasks of an array get; what they cannot share is refused. */
function tasksOf(flags: CleanFlags): CleanTasks {
  const { annotations = [], images, verify, textOnly, shuffle, dedupe, limit, format } = flags;
  const out = outOf(flags);
  for (const name of ['shard', 'journal', 'merge'] as const)
    if (flags[name] !== undefined) throw badFlags(`--${name} does not go with --launcher slurm`);
  if (out === '-' || annotations.includes('-'))
    throw badFlags('tasks of Slurm read and write files: expected no "-" with --launcher slurm');
  const settings = { images, verify, textOnly, shuffle, dedupe, limit, format };
  return { sources: annotations.map(sourceOf), ...settings, out, folder: `${out}.tasks` };
}

/** The part that was asked for, or that a launcher of several processes gives; undefined: all samples. */
function shardOf({ shard }: CleanFlags): CleanOptions['shard'] {
  if (shard !== undefined) return { index: shard.index, of: shard.count };
  const rank = rankOf(process.env);
  return rank === undefined || rank.count === 1 ? undefined : { index: rank.index, of: rank.count };
}

/** What commander puts there by itself, and what merging needs. */
const MERGE_FLAGS: ReadonlySet<string> = new Set([
  'merge',
  'out',
  'dryRun',
  'json',
  'quiet',
  'run',
  'config',
]);

/** `FILE=ROOT` names an image root of the file's own. */
function sourceOf(text: string): string | { annotations: string; images: string } {
  const at = text.lastIndexOf('=');
  return at < 1 ? text : { annotations: text.slice(0, at), images: text.slice(at + 1) };
}

function outOf({ out, dryRun }: CleanFlags): string {
  if (out !== undefined) return out;
  if (dryRun === true) return '.';
  throw badFlags('expected --out, the folder for the results');
}

function badFlags(what: string): PipelineError {
  return new PipelineError('BAD_CONFIG', what, { hint: 'flexattn clean --help shows examples' });
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}
