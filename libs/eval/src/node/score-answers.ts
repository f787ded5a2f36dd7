import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sha256File, writeFileAtomic } from '@flexattn/stage';
import { assembleResults, type ScoredBenchmark } from '../assemble-results.js';
import { collectItems, countWarnings } from '../collect.js';
import type { ScoredModel } from '../compare.js';
import { EvalError } from '../errors.js';
import type { InferItem, Item, Reject, Request } from '../item.js';
import type { AnswerLine, EvalResults } from '../results.js';
import { answerLine, scoreItem } from '../score-item.js';
import { jsonLines } from './json-lines.js';
import { readAnswers, type ReadAnswer } from './read-answers.js';
import { readItems, readRejects } from './read-items.js';
import { chooseBenchmarks, type BenchmarkSettings, type ChosenBenchmark } from './registry.js';

/** `benchmarks`: those that `writeItems` was given, or fewer. */
export interface ScoreAnswersOptions extends BenchmarkSettings {
  /** The items.jsonl that was answered; rejects.jsonl is read beside it. */
  items: string;
  /** answers.jsonl of each model; the order is that of the tables, and a difference is the later minus the earlier. */
  answers: Readonly<Record<string, string>>;
  /** Folder that gets results.json and answers.jsonl. */
  out: string;
  /** Of the bootstrap; default 0. */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Reads and scores, writes nothing. */
  dryRun?: boolean | undefined;
}

/** A benchmark as it was asked: its items in order, and what was not asked. */
interface Asked extends Omit<ScoredBenchmark, 'models' | 'asked'> {
  items: Item[];
  sha256: string;
}

interface AnsweredModel {
  model: string;
  answers: ReadonlyMap<string, ReadAnswer>;
}

/**
 * Scores models' answers: results.json (returned too) and answers.jsonl, the same bytes for the same input and seed.
 * Every item needs one answer of every model (see `readAnswers`). Items that are not those of the benchmark folders as
 * they are now: `ITEMS_STALE`.
 */
export async function scoreAnswers(options: ScoreAnswersOptions): Promise<EvalResults> {
  const { seed = 0, signal } = options;
  const inferItems = await readItems(options.items);
  const rejects = await readRejects(options.items);
  const asked: Asked[] = [];
  for (const chosen of chooseBenchmarks(options)) {
    signal?.throwIfAborted();
    asked.push(await askedOf(chosen, inferItems, rejects, seed));
  }
  const models: AnsweredModel[] = [];
  for (const [model, file] of Object.entries(options.answers)) {
    signal?.throwIfAborted();
    models.push({ model, answers: await readAnswers(file, inferItems) });
  }
  const scored = asked.map((one): ScoredBenchmark => ({
    ...one,
    asked: one.items.length,
    models: models.map((model) => scoreModel(one, model)),
  }));
  const names = models.map(({ model }) => model);
  const results = assembleResults(scored, names, seed, await hashesOf(options, asked));
  if (options.dryRun !== true) {
    const lines = models.flatMap((model) => scored.flatMap((one) => linesOf(model, one, inferItems)));
    await writeFileAtomic(join(options.out, 'answers.jsonl'), jsonLines(lines));
    await writeFileAtomic(join(options.out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  }
  return results;
}

/** Loads a benchmark again, for the targets, and checks that items.jsonl and rejects.jsonl are its. */
async function askedOf(
  { benchmark, folder, ...asking }: ChosenBenchmark,
  inferItems: ReadonlyMap<string, InferItem>,
  allRejects: readonly Reject[],
  seed: number,
): Promise<Asked> {
  const { name, published } = benchmark;
  const { protocol } = asking;
  const collected = await collectItems(benchmark.load(folder, asking));
  const rejects = allRejects.filter((reject) => reject.benchmark === name);
  const rejected = new Set(rejects.map(({ id }) => id));
  const items = collected.items.filter(({ id }) => inferItems.has(id) || !rejected.has(id));
  const own = [...inferItems.values()].filter((line) => line.benchmark === name);
  const ids = new Set(items.map(({ id }) => id));
  const changed =
    items.find((item) => !isSameRequest(inferItems.get(item.id), benchmark.prompt(item, protocol))) ??
    own.find(({ id }) => !ids.has(id));
  if (changed !== undefined) {
    throw new EvalError('ITEMS_STALE', `"${changed.id}" is not as the files of "${name}" have it now`, {
      file: folder,
      hint: 'write the items again and let the models answer them',
    });
  }
  return {
    benchmark,
    statistics: { benchmark: name, protocol, metrics: benchmark.metrics(protocol), seed },
    items,
    rejects,
    warnings: countWarnings(name, published, collected),
    sha256: createHash('sha256').update(JSON.stringify(collected.items)).digest('hex'),
  };
}

/** Whether the line asks what the benchmark would ask now. */
function isSameRequest(line: InferItem | undefined, request: Request): boolean {
  if (line?.prompt !== request.prompt) return false;
  if ('maxNewTokens' in request) return 'maxNewTokens' in line && line.maxNewTokens === request.maxNewTokens;
  if (!('options' in line) || (line.endToken ?? false) !== (request.endToken ?? false)) return false;
  return JSON.stringify(line.options) === JSON.stringify(request.options);
}

function scoreModel(
  { benchmark, items, statistics: { protocol } }: Asked,
  { model, answers }: AnsweredModel,
): ScoredModel {
  const scored = items.flatMap((item) => {
    const read = answers.get(item.id);
    return read === undefined ? [] : scoreItem(benchmark, item, read.answer, protocol);
  });
  return { model, scored };
}

function linesOf(
  { model, answers }: AnsweredModel,
  { models, statistics }: ScoredBenchmark,
  inferItems: ReadonlyMap<string, InferItem>,
): AnswerLine[] {
  const scored = models.find((one) => one.model === model)?.scored ?? [];
  return scored.flatMap((one) => {
    const asked = inferItems.get(one.item.id);
    const read = answers.get(one.item.id);
    if (asked === undefined || read === undefined) return [];
    return answerLine(model, statistics, one, asked, read.hasRegions ? read.line : null);
  });
}

async function hashesOf(
  options: ScoreAnswersOptions,
  asked: readonly Asked[],
): Promise<EvalResults['hashes']> {
  const answers: Record<string, string> = {};
  for (const [model, file] of Object.entries(options.answers)) answers[model] = await sha256File(file);
  return {
    items: await sha256File(options.items),
    benchmarks: Object.fromEntries(asked.map(({ benchmark, sha256 }) => [benchmark.name, sha256])),
    answers,
  };
}
