import { createHash } from 'node:crypto';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { createProgress, parseJson, readTextLines, tellLine, writeFileAtomic } from '@flexattn/stage';
import type { LocalRank } from '@flexattn/stage';
import { choiceLine } from '../device.js';
import type { ChosenDevice } from '../device.js';
import type { Selection } from '../geometry.js';
import { parseItem } from '../items.js';
import type { Answer, InferItem } from '../items.js';
import { gpuOfRank, threadsOfRank } from '../local-share.js';
import { groupByPicture, groupsOfShard, WorkQueue } from '../work-queue.js';
import type { NumberedItem, Shard } from '../work-queue.js';
import { answerGroups } from './answer-groups.js';
import { AnswerJournal, partFile, readAnswers } from './answer-journal.js';
import { openLocalModel } from './local-model.js';
import type { LocalModelOptions } from './local-model.js';
import { identifyModel } from './model-identity.js';
import type { ModelIdentity } from './model-identity.js';
import { OtherParts } from './other-parts.js';
import { resolveDevice } from './probe-devices.js';
import { runPool } from './worker-pool.js';

export interface InferOptions extends LocalModelOptions {
  /** Compiled folder or checkpoint. */
  model: string;
  /** Path of a JSON-lines file, or the items themselves. */
  items: string | AsyncIterable<InferItem>;
  /**
   * File of the answers, JSON lines, in the order of the items. Beside it, `<out>.<i>-of-<n>.jsonl` has those of each
   * part in the order of completion, with their places.
   */
  out: string;
  /**
   * Folder that image paths start from, and may not leave; default: the folder of the items' file, from which a path
   * that begins with `./` starts in any case.
   */
  root?: string | undefined;
  selection?: Selection | undefined;
  /** Threads of all workers together; default: one per core. */
  threads?: number | undefined;
  /** Processes that answer; default 1: this one. */
  workers?: number | undefined;
  /** GPUs by index, a worker process for each. */
  gpus?: readonly string[] | undefined;
  /** Our place among the processes on this machine: it picks a GPU where `gpus` names none, and shares out threads. */
  localRank?: LocalRank | undefined;
  /**
   * Answer this part of the pictures, and then help parts that have begun in the same folder; whoever answers the last
   * item writes `out`.
   */
  shard?: Shard | undefined;
  /** Told each answer that was not in the journal, and the milliseconds that the model took. */
  onAnswer?: ((answer: Answer, ms: number) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/** How many items were answered, and what went wrong with the others, by error code. */
export interface InferReport {
  /** That this part has taken. */
  items: number;
  answered: number;
  failed: Record<string, number>;
  /** How the model that answered selects, and its precision. */
  model: ModelIdentity['settings'];
}

/** One run, or one part of it, on its way. */
interface Run {
  options: InferOptions;
  /** Of all parts. */
  total: number;
  journal: AnswerJournal;
  others: OtherParts | undefined;
}

/**
 * Answers items, those about one picture together, and writes one line for each, in their order: the same bytes for
 * any number of workers and shards. Answers go to a file beside `out` as they come; a run that was stopped or killed goes
 * on where it ended, and a part that was finished repeats nothing when it is started again with others. An item that cannot be answered gets its error instead; whoever reads the report
 * decides what that means.
 *
 * @throws RuntimeError BAD_ITEM for items that are none; whatever `loadModel` throws; WORKERS_DIE; INTERRUPTED. `out`
 * is complete or untouched.
 */
export async function inferItems(given: InferOptions): Promise<InferReport> {
  // Settled once for all workers: answers of another device are others.
  const isNamed = given.device !== undefined && given.device !== 'auto';
  const choice = await resolveDevice(isNamed || given.gpus === undefined ? given.device : 'cuda');
  const options = { ...given, device: choice.device, ...shareOf(given, choice.device) };
  const all = await readItems(options.items);
  const model = await identifyModel(options.model, options);
  const key = keyOf(options, model, all);
  const { shard = { index: 0, count: 1 }, out } = options;
  const groups = groupByPicture(all);
  const journal = await AnswerJournal.open(partFile(out, shard), key);
  const others = shard.count > 1 ? new OtherParts({ out, shard, key, groups, journal }) : undefined;
  try {
    const open = groupsOfShard(groups, shard).map(({ image, items }) => ({
      image,
      items: items.filter(({ index }) => !journal.answers.has(index)),
    }));
    const queue = new WorkQueue(
      open.filter((group) => group.items.length > 0),
      others,
    );
    if (!queue.isEmpty()) {
      if (given.quiet !== true) tellLine(choiceLine(choice));
      await answerAll({ options, total: all.length, journal, others }, queue);
    }
    await merge(out, shard, key, all, journal.answers);
    if (others === undefined) await journal.finish();
  } finally {
    await journal.close(others !== undefined);
  }
  return reportOf(journal.answers, model);
}

/** The GPUs and threads that are ours of a machine which we share with other ranks. */
function shareOf(
  { gpus, workers = 1, threads, localRank }: InferOptions,
  device: ChosenDevice,
): Pick<InferOptions, 'gpus' | 'threads'> {
  if (localRank === undefined) return { gpus, threads };
  const own = gpuOfRank(localRank, process.env['CUDA_VISIBLE_DEVICES']);
  const machine = { cores: cpus().length, allowed: availableParallelism() };
  return {
    gpus: gpus ?? (device === 'cuda' ? Array.from({ length: workers }, () => own) : undefined),
    threads: threads ?? threadsOfRank(localRank, machine),
  };
}

async function answerAll({ options, total, journal, others }: Run, queue: WorkQueue): Promise<void> {
  const { signal, quiet, gpus } = options;
  const base = typeof options.items === 'string' ? dirname(options.items) : '.';
  const roots = { base, root: options.root ?? base };
  const workers = gpus?.length ?? options.workers ?? 1;
  const progress = createProgress({ label: 'infer', unit: 'items', total, quiet });
  let shown = 0;
  const show = () => {
    const done = journal.answers.size + (others?.answered ?? 0);
    progress.advance(done - shown);
    shown = done;
  };
  show();
  const answered = async (index: number, answer: Answer, ms: number) => {
    await journal.add(index, answer);
    await options.onAnswer?.(answer, ms);
    show();
  };
  if (workers === 1 && gpus === undefined) {
    const model = await openLocalModel(options.model, modelOptions(options, options.threads));
    try {
      const exchange = { next: () => Promise.resolve(queue.take()), idle: () => undefined, answered };
      await answerGroups(model, roots, exchange, signal);
    } finally {
      await model.close();
    }
  } else {
    // Workers that each took every core would be slower than one.
    const threads = Math.max(1, Math.floor((options.threads ?? availableParallelism()) / workers));
    const own = modelOptions(options, threads);
    await runPool({ model: options.model, options: own, roots, workers, gpus, queue, answered, signal });
  }
  progress.finish();
}

/** What a model is loaded with: plain values, which another process can read. */
function modelOptions(options: InferOptions, threads: number | undefined): LocalModelOptions {
  const {
    selection,
    share,
    seed,
    threshold,
    firstSelectingLayer,
    precision,
    fingerprints,
    device,
    cacheBytes,
  } = options;
  return {
    selection,
    share,
    seed,
    threshold,
    firstSelectingLayer,
    precision,
    fingerprints,
    device,
    cacheBytes,
    threads,
  };
}

async function readItems(source: string | AsyncIterable<InferItem>): Promise<NumberedItem[]> {
  const items: NumberedItem[] = [];
  for await (const item of typeof source === 'string' ? itemsOfFile(source) : source) {
    items.push({ index: items.length, item });
  }
  return items;
}

async function* itemsOfFile(file: string): AsyncGenerator<InferItem> {
  for await (const { line, text } of readTextLines(file))
    yield parseItem(parseJson(text, { file }), { file, item: `line ${line}` });
}

/** Names what is answered by what: a journal of another key is none of ours. */
function keyOf(
  options: InferOptions,
  { sha256, settings }: ModelIdentity,
  items: readonly NumberedItem[],
): string {
  const { device } = options;
  const hash = createHash('sha256').update(JSON.stringify([sha256, settings, device]));
  for (const { item } of items) hash.update(`\n${JSON.stringify(item)}`);
  return hash.digest('hex');
}

/** Where all items are answered, here or in the files of other parts, writes the whole. */
async function merge(
  out: string,
  shard: Shard,
  key: string,
  items: readonly NumberedItem[],
  own: ReadonlyMap<number, Answer>,
): Promise<void> {
  const answers = new Map(own);
  for (let index = 0; index < shard.count; index++) {
    if (index === shard.index) continue;
    const told = await readAnswers(partFile(out, { index, count: shard.count }), key);
    for (const [place, answer] of told) answers.set(place, answer);
  }
  if (answers.size < items.length) return;
  const lines = items.map(({ index }) => `${JSON.stringify(answers.get(index))}\n`);
  await writeFileAtomic(out, lines.join(''));
}

function reportOf(answers: ReadonlyMap<number, Answer>, { settings }: ModelIdentity): InferReport {
  const report: InferReport = { items: answers.size, answered: 0, failed: {}, model: settings };
  for (const answer of answers.values()) {
    if ('error' in answer) report.failed[answer.error.code] = (report.failed[answer.error.code] ?? 0) + 1;
    else report.answered++;
  }
  return report;
}
