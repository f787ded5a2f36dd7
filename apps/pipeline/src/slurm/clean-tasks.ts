import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CleanOptions, CleanReport } from '@flexattn/data-prep';
import { arrayLine } from './array-script.js';
import { allTasks, runArray, type ArrayJob, type ArrayRun, type ArraySettings } from './array-job.js';
import { FLEXATTN_WORDS, option } from './flexattn-words.js';
import { inputStamp } from './input-stamp.js';

type Source = Exclude<CleanOptions['annotations'], string>[number];

/** What is cleaned in tasks; `annotations` and `images` as the options of `cleanDataset`. */
export interface CleanTasks extends Pick<
  CleanOptions,
  'images' | 'verify' | 'textOnly' | 'shuffle' | 'dedupe' | 'limit' | 'format'
> {
  sources: readonly Source[];
  out: string;
  /** Where tasks write their parts, logs and exit codes; the machines must share it. */
  folder: string;
}

/** Cleans by an array of Slurm and merges: the same bytes as without. The parts are kept until then. */
export async function cleanInTasks(
  tasks: CleanTasks,
  array: ArraySettings,
  run: ArrayRun,
): Promise<CleanReport> {
  const job = cleanArray(tasks, array);
  await runArray(job, array, run);
  const { mergeShards } = await import('@flexattn/data-prep');
  const shards = allTasks(array).map((index) => `${job.folder}/part-${index}`);
  const report = await mergeShards({ shards, out: tasks.out, ...run });
  await rm(job.folder, { recursive: true });
  return report;
}

/** The array that would run, for a shell. */
export function cleanArrayLine(tasks: CleanTasks, array: ArraySettings): string {
  return arrayLine({ ...cleanArray(tasks, array), open: allTasks(array) }, array.args);
}

function cleanArray(tasks: CleanTasks, array: ArraySettings): ArrayJob {
  const folder = resolve(tasks.folder);
  const settings = [
    ...option('images', tasks.images),
    ...option('verify', tasks.verify),
    ...option('text-only', tasks.textOnly),
    ...option('shuffle', tasks.shuffle),
    ...option('dedupe', tasks.dedupe),
    ...option('limit', tasks.limit),
    ...option('format', tasks.format),
  ];
  const sources = tasks.sources.map((source) =>
    typeof source === 'string' ? source : `${source.annotations}=${source.images}`,
  );
  const command = ['clean', '--annotations', ...sources, ...settings];
  const paths = [tasks.sources, tasks.images ?? []]
    .flat(2)
    .flatMap((source) => (typeof source === 'string' ? [source] : [source.annotations, source.images]));
  const key = createHash('sha256').update(JSON.stringify([command, array.tasks, inputStamp(paths)]));
  return {
    name: 'clean',
    folder,
    cwd: process.cwd(),
    key: key.digest('hex'),
    words: [
      ...FLEXATTN_WORDS,
      ...command,
      ...['--out', { before: `${folder}/part-`, after: '' }],
      ...['--shard', { before: '', after: `/${array.tasks}` }],
    ],
  };
}
