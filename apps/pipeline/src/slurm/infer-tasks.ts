import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseJson, pathExists, readTextLines, sha256File } from '@flexattn/stage';
import { z } from 'zod';
import { PipelineError } from '../errors.js';
import { arrayLine } from './array-script.js';
import { allTasks, runArray, type ArrayJob, type ArrayRun, type ArraySettings } from './array-job.js';
import { FLEXATTN_WORDS, option } from './flexattn-words.js';
import { inputStamp } from './input-stamp.js';

/** What is answered in tasks; as the options of `inferItems`. */
export interface InferTasks {
  model: string;
  items: string;
  root?: string | undefined;
  workers?: number | undefined;
  gpus?: readonly string[] | undefined;
  threads?: number | undefined;
  device?: string | undefined;
  /** Where tasks write their answers, logs and exit codes; the machines must share it. */
  folder: string;
}

const pictureSchema = z.looseObject({ image: z.string() });
const answerSchema = z.looseObject({
  id: z.string(),
  error: z.looseObject({ code: z.string() }).optional(),
});

/** An answer of a task, as its line has it. */
export type TaskAnswer = z.output<typeof answerSchema>;

/**
 * Answers by an array of Slurm; the last task that ends puts the answers of all together. Items that workers died of
 * are among them, as without Slurm: whoever takes the answers decides what that means. What tasks have answered is
 * kept until `take` has had every answer, in the order of the items.
 */
export async function inferInTasks(
  tasks: InferTasks,
  array: ArraySettings,
  run: ArrayRun,
  take: (answers: AsyncIterable<TaskAnswer>) => Promise<void>,
): Promise<void> {
  const job = await inferArray(tasks, array);
  const file = answersFile(job);
  try {
    await runArray(job, array, run);
  } catch (error) {
    // A task that gave up items ends with 1: their errors are in the answers, which are all there.
    const gaveUp = error instanceof PipelineError && error.code === 'TASKS_FAILED' && error.exitCode === 1;
    if (!gaveUp || !(await pathExists(file))) throw error;
  }
  if (!(await pathExists(file))) {
    throw new PipelineError('TASKS_FAILED', 'all tasks ended well, and answers are missing', {
      file,
      hint: 'answers of one kind of device are not mixed with those of another: name one by --device, or machines by --slurm-arg',
      exitCode: 74,
    });
  }
  await take(answersIn(file));
  await rm(job.folder, { recursive: true });
}

async function* answersIn(file: string): AsyncGenerator<TaskAnswer> {
  for await (const { text } of readTextLines(file)) yield answerSchema.parse(parseJson(text, { file }));
}

const answersFile = ({ folder }: Pick<ArrayJob, 'folder'>) => join(folder, 'answers.jsonl');

/** The array that would run, for a shell. */
export async function inferArrayLine(tasks: InferTasks, array: ArraySettings): Promise<string> {
  return arrayLine({ ...(await inferArray(tasks, array)), open: allTasks(array) }, array.args);
}

/** Items that are not there yet give an array without their pictures' stamp. */
async function inferArray(tasks: InferTasks, array: ArraySettings): Promise<ArrayJob> {
  const { model, items, root, workers, gpus, threads, device } = tasks;
  const folder = resolve(tasks.folder);
  const command = [
    ...['infer', '--model', model, '--items', items],
    ...option('root', root),
    ...option('workers', workers),
    ...option('gpus', gpus?.join(',')),
    ...option('threads', threads),
    ...option('device', device),
  ];
  const stamps = (await pathExists(items)) ? [await sha256File(items), await pictureStamp(items, root)] : [];
  const key = createHash('sha256').update(
    JSON.stringify([command, array.tasks, inputStamp([model]), ...stamps]),
  );
  return {
    name: 'infer',
    folder,
    cwd: process.cwd(),
    key: key.digest('hex'),
    words: [
      ...FLEXATTN_WORDS,
      ...command,
      ...['--out', answersFile({ folder })],
      ...['--shard', { before: '', after: `/${array.tasks}` }],
    ],
  };
}

async function pictureStamp(items: string, root = dirname(items)): Promise<string> {
  const pictures = new Set<string>();
  for await (const { text } of readTextLines(items)) {
    // What is no item is refused, with its place, by the task that reads it.
    const item = pictureSchema.safeParse(parseJson(text, { file: items }));
    if (item.success) pictures.add(item.data.image);
  }
  return inputStamp(
    [...pictures].map((image) => resolve(image.startsWith('./') ? dirname(items) : root, image)),
  );
}
