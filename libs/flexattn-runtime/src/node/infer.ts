import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createProgress, parseJson, readTextLines, writeFileAtomic } from '@flexattn/stage';
import { choiceLine } from '../device.js';
import type { Selection } from '../geometry.js';
import { parseItem } from '../items.js';
import type { Answer, InferItem } from '../items.js';
import { groupByPicture, groupsOfShard, WorkQueue } from '../work-queue.js';
import type { NumberedItem, Shard } from '../work-queue.js';
import { answerGroups } from './answer-groups.js';
import { AnswerJournal, readEntries } from './answer-journal.js';
import { openLocalModel } from './local-model.js';
import type { LocalModelOptions } from './local-model.js';
import { identifyModel } from './model-identity.js';
import type { ModelIdentity } from './model-identity.js';
import { resolveDevice } from './probe-devices.js';
import { runPool } from './worker-pool.js';

export interface InferOptions extends LocalModelOptions {
  /** Compiled folder or checkpoint. */
  model: string;
  /** Path of a JSON-lines file, or the items themselves. */
  items: string | AsyncIterable<InferItem>;
  /** File of the answers, JSON lines, in the order of the items. */
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
  /** Answer only this part of the pictures; whoever finishes the last part writes `out`. */
  shard?: Shard | undefined;
  /** Told each answer that was not in the journal, and the milliseconds that the model took. */
  onAnswer?: ((answer: Answer, ms: number) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/** How many items were answered, and what went wrong with the others, by error code. */
export interface InferReport {
  items: number;
  answered: number;
  failed: Record<string, number>;
  /** How the model that answered selects, and its precision. */
  model: ModelIdentity['settings'];
}

/** One run, or one part of it, on its way. */
interface Run {
  options: InferOptions;
  /** Of items, model and settings. */
  key: string;
  items: NumberedItem[];
  journal: AnswerJournal;
}

/**
 * Answers items, those about one picture together, and writes one line for each, in their order: the same bytes for
 * any number of workers and shards. Answers go to a journal beside `out` as they come; a run that was stopped or
 * killed goes on where it ended. An item that cannot be answered gets its error instead; whoever reads the report
 * decides what that means.
 *
 * @throws RuntimeError BAD_ITEM for items that are none; whatever `loadModel` throws; WORKERS_DIE; INTERRUPTED. `out`
 * is complete or untouched.
 */
export async function inferItems(given: InferOptions): Promise<InferReport> {
  // Settled once for all workers: answers of another device are others.
  const isNamed = given.device !== undefined && given.device !== 'auto';
  const choice = await resolveDevice(isNamed || given.gpus === undefined ? given.device : 'cuda');
  const options = { ...given, device: choice.device };
  const all = await readItems(options.items);
  const model = await identifyModel(options.model, options);
  const key = keyOf(options, model, all);
  const { shard = { index: 0, count: 1 }, out } = options;
  const groups = groupsOfShard(groupByPicture(all), shard);
  const items = groups.flatMap((group) => group.items);
  const journalFile = `${partOf(out, shard)}.journal`;
  const journal = await AnswerJournal.open(journalFile, key);
  try {
    const open = groups.map(({ image, items }) => ({
      image,
      items: items.filter(({ index }) => !journal.answers.has(index)),
    }));
    const queue = new WorkQueue(open.filter((group) => group.items.length > 0));
    if (given.quiet !== true && queue.size > 0) process.stderr.write(`${choiceLine(choice)}\n`);
    await answerAll({ options, key, items, journal }, queue);
  } finally {
    await journal.close();
  }
  if (shard.count === 1) await writeAnswers(out, all, journal.answers);
  else await finishShard(out, shard, key, all, journal.answers);
  await rm(journalFile, { force: true });
  return reportOf(items, journal.answers, model);
}

async function answerAll({ options, items, journal }: Run, queue: WorkQueue): Promise<void> {
  const { signal, quiet, gpus } = options;
  const base = typeof options.items === 'string' ? dirname(options.items) : '.';
  const roots = { base, root: options.root ?? base };
  const workers = gpus?.length ?? options.workers ?? 1;
  const progress = createProgress({ label: 'infer', unit: 'items', total: items.length, quiet });
  progress.advance(journal.answers.size);
  const answered = async (index: number, answer: Answer, ms: number) => {
    await journal.add(index, answer);
    await options.onAnswer?.(answer, ms);
    progress.advance(1);
  };
  if (queue.size === 0) return;
  if (workers === 1 && gpus === undefined) {
    const model = await openLocalModel(options.model, modelOptions(options, options.threads));
    try {
      const exchange = { next: () => Promise.resolve(queue.take()), idle: () => undefined, answered };
      await answerGroups(model, roots, exchange, signal);
    } finally {
      await model.close();
    }
  } else {
    const threads =
      options.threads === undefined ? undefined : Math.max(1, Math.floor(options.threads / workers));
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

/** A part's own file: `out` itself where there is one part. */
function partOf(out: string, { index, count }: Shard): string {
  return count === 1 ? out : `${out}.${index}-of-${count}`;
}

async function writeAnswers(
  out: string,
  items: readonly NumberedItem[],
  answers: ReadonlyMap<number, Answer>,
): Promise<void> {
  const lines = items.map(({ index }) => `${JSON.stringify(answers.get(index))}\n`);
  await writeFileAtomic(out, lines.join(''));
}

/** Writes a part's answers with their places; where all parts are there, the whole. */
async function finishShard(
  out: string,
  shard: Shard,
  key: string,
  items: readonly NumberedItem[],
  own: ReadonlyMap<number, Answer>,
): Promise<void> {
  const lines = [...own].map(([index, answer]) => `${JSON.stringify({ index, answer })}\n`);
  await writeFileAtomic(`${partOf(out, shard)}.jsonl`, `${JSON.stringify({ key })}\n${lines.join('')}`);
  const answers = new Map(own);
  for (let index = 0; index < shard.count; index++) {
    const file = `${partOf(out, { index, count: shard.count })}.jsonl`;
    for (const entry of await readEntries(file, key)) answers.set(entry.index, entry.answer);
  }
  if (answers.size === items.length) await writeAnswers(out, items, answers);
}

function reportOf(
  items: readonly NumberedItem[],
  answers: ReadonlyMap<number, Answer>,
  { settings }: ModelIdentity,
): InferReport {
  const report: InferReport = { items: items.length, answered: 0, failed: {}, model: settings };
  for (const { index } of items) {
    const answer = answers.get(index);
    if (answer === undefined) continue;
    if ('error' in answer) report.failed[answer.error.code] = (report.failed[answer.error.code] ?? 0) + 1;
    else report.answered++;
  }
  return report;
}
