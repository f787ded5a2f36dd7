import type { Command } from 'commander';
import { resultLine } from '../events.js';
import { localRankOf, parseShard, rankOf, writeFileAtomic } from '@flexattn/stage';
import { PipelineError } from '../errors.js';
import { deviceOption, positiveInteger } from '../flags.js';
import type { DeviceName } from '../flags.js';
import { refuseDeaths } from '../given-up.js';
import { modelFingerprints } from '../model-fingerprints.js';
import { abortOnSignals } from '../signals.js';
import type { ArraySettings } from '../slurm/array-job.js';
import { arrayAskedFor, arrayOf, arrayOptions, type ArrayFlags } from '../slurm/array-flags.js';
import { inferArrayLine, inferInTasks, type InferTasks, type TaskAnswer } from '../slurm/infer-tasks.js';
import { summaryText } from '../summary-text.js';
import type { DirectMode } from './direct-mode.js';

interface InferFlags extends ArrayFlags {
  model?: string;
  items?: string;
  out?: string;
  root?: string;
  shard?: { index: number; count: number };
  workers?: number;
  gpus?: string[];
  threads?: number;
  device?: DeviceName;
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
  printCommand?: boolean;
}

/** `flexattn infer --model … --items … --out …`: answers items of any origin, without a configuration. */
export const inferDirect: DirectMode = {
  addOptions(command: Command): void {
    command
      .option('--model <dir>', 'a folder that compile wrote, or a checkpoint')
      .option('--items <file>', 'JSON lines: id, image, prompt, and maxNewTokens or options')
      .option('--out <file>', 'the answers, JSON lines in the order of the items')
      .option('--root <dir>', 'where the paths of the images start; default: beside the items')
      .option(
        '--shard <i/n>',
        'answer part i of n, from 0; default: the rank that the launcher gives',
        parseShard,
      )
      .option('--workers <n>', 'processes that share the threads', positiveInteger)
      .option('--gpus <list>', 'GPUs by index, as 0,1,2: a process for each', (text) => text.split(','))
      .option('--threads <n>', 'threads of all processes together', positiveInteger)
      .addOption(deviceOption())
      .addHelpText(
        'after',
        '  flexattn infer --model runs/tiny/compile/flexattn --items items.jsonl --out answers.jsonl --workers 2\n' +
          '  flexattn infer --model m --items items.jsonl --out answers.jsonl --launcher slurm --tasks 8 --slurm-arg=--gpus-per-task=1\n',
      );
    for (const option of arrayOptions()) command.addOption(option);
  },

  isAskedFor({ model, items, out }): boolean {
    return model !== undefined || items !== undefined || out !== undefined;
  },

  async run(flags: InferFlags): Promise<void> {
    const { model, items, out, root, workers, gpus, threads, device, json = false, quiet = false } = flags;
    if (model === undefined || items === undefined || out === undefined) {
      const what = 'expected --model, --items and --out together';
      throw new PipelineError('BAD_CONFIG', what, { hint: 'name all three, or a configuration' });
    }
    const array = arrayOf(flags);
    if (array !== undefined || flags.printCommand === true)
      return inferAsArray({ ...flags, model, items, out }, arrayAskedFor({ array }));
    const shard = flags.shard ?? rankOf(process.env);
    const localRank = localRankOf(process.env);
    if (flags.dryRun === true) {
      print({ reads: [model, items], writes: [out], shard }, json, 'preview');
      return;
    }
    const { inferItems } = await import('@flexattn/flexattn-runtime');
    const report = await inferItems({
      model,
      items,
      out,
      root,
      shard,
      workers,
      gpus,
      threads,
      localRank,
      device,
      quiet,
      fingerprints: modelFingerprints(process.env),
      signal: abortOnSignals(),
    });
    print(report, json);
    refuseDeaths(report.failed['WORKER_DIED'] ?? 0);
  },
};

/** Prints how many items were answered, and what became of the others, by error code. */
async function inferAsArray(
  flags: InferFlags & Pick<InferTasks, 'model' | 'items'> & { out: string },
  array: ArraySettings,
): Promise<void> {
  const { out, shard, json = false, quiet = false } = flags;
  if (shard !== undefined)
    throw new PipelineError('BAD_ARGUMENT', 'does not go with --launcher slurm', { item: '--shard' });
  const tasks: InferTasks = { ...flags, folder: `${out}.tasks` };
  if (flags.dryRun === true || flags.printCommand === true) {
    const lines = await inferArrayLine(tasks, array);
    process.stdout.write(json ? resultLine({ array: lines }, 'preview') : `${lines}\n`);
    return;
  }
  const report = { items: 0, answered: 0, failed: {} as Record<string, number> };
  const counted = async function* (answers: AsyncIterable<TaskAnswer>) {
    for await (const answer of answers) {
      const code = answer.error?.code;
      report.items++;
      if (code === undefined) report.answered++;
      else report.failed[code] = (report.failed[code] ?? 0) + 1;
      yield `${JSON.stringify(answer)}\n`;
    }
  };
  const run = { signal: abortOnSignals(), quiet };
  await inferInTasks(
    tasks,
    array,
    run,
    async (answers) => void (await writeFileAtomic(out, counted(answers))),
  );
  print(report, json);
  refuseDeaths(report.failed['WORKER_DIED'] ?? 0);
}

function print(result: object, json: boolean, event: 'result' | 'preview' = 'result'): void {
  process.stdout.write(json ? resultLine(result, event) : `${summaryText(result)}\n`);
}
